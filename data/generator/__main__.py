"""Writes the sample documents, their truth and the questions."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from data.generator.questions import all_questions, answer_truths, questions_yaml
from data.generator.samples import Sample, all_samples

DEFAULT_OUT = Path(__file__).parents[1] / "samples"


def write_samples(out: Path) -> None:
    """Write `<out>/*` and `<out>/truth/*`; the same bytes each time."""
    samples = all_samples()
    truth = out / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        (out / sample.product.truth.document).write_bytes(sample.product.pdf)
        stem = Path(sample.product.truth.document).stem
        _write_json(truth / f"{stem}.json", sample.product.truth.model_dump(mode="json", exclude_defaults=True))
    _write_questions(out, samples)


def _write_questions(out: Path, samples: Sequence[Sample]) -> None:
    questions = all_questions()
    (out / "questions.yaml").write_text(questions_yaml(questions), encoding="utf-8", newline="\n")
    texts = {sample.product.truth.document: sample.texts for sample in samples}
    answers = [answer.model_dump(mode="json") for answer in answer_truths(questions, texts)]
    _write_json(out / "truth" / "answers.json", answers)


def _write_json(path: Path, content: object) -> None:
    path.write_text(compact_json(content) + "\n", encoding="utf-8", newline="\n")


def compact_json(content: object, indent: str = "") -> str:
    """JSON with one line for each list of plain values, so that table rows stay readable."""
    flat = json.dumps(content, ensure_ascii=False)
    if not isinstance(content, dict | list) or not content:
        return flat
    inner = indent + " "
    if isinstance(content, dict):
        items = [f"{json.dumps(key)}: {compact_json(value, inner)}" for key, value in content.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{indent}}}"
    if not any(isinstance(value, dict | list) for value in content):
        return flat
    return "[\n" + ",\n".join(inner + compact_json(value, inner) for value in content) + f"\n{indent}]"


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(prog="python -m data.generator", description=__doc__)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="folder to write to (default: data/samples)")
    write_samples(parser.parse_args().out)


if __name__ == "__main__":
    main()
