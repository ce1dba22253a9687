"""The console script. It imports nothing until it is called: every worker process imports its parent's main module once more."""


def main() -> None:
    """Run the command line."""
    from pipeline.cli import app  # noqa: PLC0415 - see above

    app()


if __name__ == "__main__":
    main()
