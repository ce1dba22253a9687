"""The exact commands that serve a model on given GPUs: SGLang's servers, and its router in front where there are several.

Nothing is started here. Every option exists in the two versions named below (a test feeds them to their own parsers), and each
stands beside the reason for it.
"""

from schemas.errors import SettingsError
from schemas.preset import PRESETS, Preset
from schemas.value import Value

SGLANG_VERSION = "0.5.23"
ROUTER_VERSION = "0.3.2"
INSTALL = f"pip install sglang=={SGLANG_VERSION} sglang-router=={ROUTER_VERSION}"
"""In an environment of its own: SGLang pins an openai package older than longread's."""
LOCALHOST, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 - routers reach servers of other nodes
GPUS_PER_SERVER = (1, 2, 4, 8)
"""By these, attention heads and experts divide evenly."""
READY = "/ready"
"""The server's flag. It answers at once, also in a long prefill, and sends nothing to the GPU: /health generates a token, waits up to
20 s for it, and marks the server unhealthy if none comes. A scheduler that hangs is ended by SGLang's own watchdog."""
REFUSED = {
    "--allow-auto-truncate": "it cuts pages off the end of a request and says nothing",
    "--api-key": "everybody on the machine sees a command line; write `api-key:` into a YAML file that SGLang reads with --config",
    "--admin-api-key": "everybody on the machine sees a command line; write `admin-api-key:` into a YAML file read with --config",
    "--model-path": "longread sets it: use --model",
    "--served-model-name": "longread sets it, so that a run finds the model's preset",
    "--host": "longread sets it: use --host before the --",
    "--port": "longread sets it: use --port before the --",
    "--tp-size": "longread sets it: use --gpus-per-server",
    "--tensor-parallel-size": "longread sets it: use --gpus-per-server",
    "--dp-size": "longread starts one server for each group of GPUs, and a router before them",
    "--pp-size": "longread sets which GPUs a server takes: use --gpus-per-server",
    "--nnodes": "a server of longread's is on one node: use --nodes before the --",
    "--base-gpu-id": "longread sets which GPUs a server takes, by CUDA_VISIBLE_DEVICES",
}


class Launch(Value):
    """One command."""

    env: tuple[tuple[str, str], ...] = ()
    argv: tuple[str, ...]


class Server(Value):
    """One SGLang server."""

    node: str
    port: int
    gpus: tuple[int, ...]
    """Numbers of the GPUs of its node."""
    launch: Launch

    @property
    def url(self) -> str:
        """Where a router reaches it."""
        return f"http://{in_url(self.node)}:{self.port}"


class Cluster(Value):
    """What to serve on."""

    nodes: tuple[str, ...] = (LOCALHOST,)
    """Names by which the nodes reach each other; the router runs on the first."""
    gpus: int
    """Of each node."""
    gpus_per_server: int | None = None
    """Instead of the preset's."""
    host: str | None = None
    """Address on which clients are served; this machine only by default if it is one node, else all addresses."""
    port: int = 30_000
    """For clients. The servers behind a router take the ports that follow."""


class Deployment(Value):
    """All commands of one served model."""

    preset: Preset
    model_path: str
    """The checkpoint's name on the hub, or its folder."""
    extra: tuple[str, ...] = ()
    """Further options of each server."""
    servers: tuple[Server, ...]
    """Node by node."""
    router: Launch | None
    """On the first node; none where one server is all."""
    url: str
    """What `--backend` takes."""
    notes: tuple[str, ...] = ()
    """What to know before it is started."""


def deploy(preset: Preset, cluster: Cluster, model_path: str, extra: tuple[str, ...] = ()) -> Deployment:
    """Return the commands that serve the checkpoint at `model_path` on all GPUs of the cluster; `extra` options go to each server.

    Raises:
        SettingsError: the GPUs do not suffice, or an option of `extra` is not for the caller to set.
    """
    _refuse(extra)
    size = _gpus_per_server(preset, cluster)
    count = cluster.gpus // size
    lone = count * len(cluster.nodes) == 1
    public = cluster.host or (LOCALHOST if len(cluster.nodes) == 1 else EVERYWHERE)
    listen = public if lone else LOCALHOST if len(cluster.nodes) == 1 else EVERYWHERE
    first = cluster.port if lone else cluster.port + 1
    servers = tuple(
        Server(
            node=node,
            port=first + index,
            gpus=(gpus := tuple(range(index * size, (index + 1) * size))),
            launch=server_launch(preset, model_path, gpus, listen, first + index, extra),
        )
        for node in cluster.nodes
        for index in range(count)
    )
    reached = cluster.nodes[0] if public in {EVERYWHERE, "::"} else public
    return Deployment(
        preset=preset,
        model_path=model_path,
        extra=extra,
        servers=servers,
        router=None if lone else router_launch(public, cluster.port, ("--worker-urls", *(server.url for server in servers))),
        url=f"http://{in_url(reached)}:{cluster.port}",
        notes=tuple(_notes(preset, cluster.gpus, size)),
    )


def server_launch(preset: Preset, model_path: str, gpus: tuple[int, ...], host: str, port: int, extra: tuple[str, ...] = ()) -> Launch:
    """Return the command of one server on `gpus` of its node."""
    size = len(gpus)
    split = (
        # Each GPU encodes whole images. Divided like the language model, the encoder's 12 heads would have to divide by the GPUs.
        *("--tp-size", str(size), "--mm-enable-dp-encoder"),
        *(option.format(gpus=size) for option in preset.launch),
    )
    return Launch(
        env=(
            ("CUDA_VISIBLE_DEVICES", ",".join(map(str, gpus))),
            # Encoded images: 8 KiB a token, so this holds the pages of one full request, for those that repeat behind another prefix.
            # SGLang takes it from every GPU's share of the KV cache.
            ("SGLANG_VLM_CACHE_SIZE_MB", "1024"),
            # With --enable-strict-thinking: after so many tokens </think> is forced. A request's own custom_params.thinking_budget
            # comes first, but the router drops that field.
            ("SGLANG_MAX_THINK_TOKENS", str(preset.thinking_budget)),
        ),
        argv=(
            *("sglang", "serve", "--model-path", model_path, "--served-model-name", preset.model),
            *("--host", host, "--port", str(port)),
            *(split if size > 1 else ()),
            *("--context-length", str(preset.context_tokens)),
            *("--reasoning-parser", "glm45", "--tool-call-parser", "glm45"),
            # The schema holds only after </think>: a model that never stops thinking would never be held to it.
            "--enable-strict-thinking",
            # Allowed any whitespace, greedy decoding may write nothing else.
            "--constrained-json-disable-any-whitespace",
            # Of the waiting requests, those whose pages are cached go first, before others evict the pages. It sorts up to 128.
            *("--schedule-policy", "lpm"),
            # usage.prompt_tokens_details.cached_tokens, and /metrics.
            *("--enable-cache-report", "--enable-metrics"),
            *extra,
        ),
    )


def router_launch(host: str, port: int, workers: tuple[str, ...]) -> Launch:
    """Return the command of the router; `workers` are the options that say where its servers are."""
    return Launch(
        argv=(
            *("sglang-router", "launch", "--host", host, "--port", str(port)),
            # All requests with one X-SMG-Routing-Key go to one server, which has their pages cached; a new key to the least busy one.
            # cache_aware compares text alone, which is the same in all requests of a kind.
            *("--policy", "manual", "--assignment-mode", "min_load"),
            # A server that is gone refuses two checks 2 s apart, and its keys move on. One that is slow to answer is waited for; not for
            # long, because the checks of the others wait with it.
            *("--health-check-endpoint", READY, "--health-check-interval-secs", "2", "--health-check-timeout-secs", "15"),
            *("--health-failure-threshold", "2", "--health-success-threshold", "1"),
            # Tries at 0, 1.5 and 6 s. All go to the key's server; the last comes when a dead one is out. Refusals (400) are not retried.
            *("--retry-max-retries", "3", "--retry-initial-backoff-ms", "1500", "--retry-backoff-multiplier", "3"),
            *("--retry-jitter-factor", "0"),
            # The breaker counts refusals (400) as failures of the server, and would take healthy ones out.
            "--disable-circuit-breaker",
            # For the whole reply: longread itself gives up first (LONGREAD_DEADLINE_S, one hour), and says why.
            *("--request-timeout-secs", "3900"),
            # 100 page images in one body are up to 100 MB.
            *("--max-payload-size", str(256 * 1024**2)),
            # Loading, and the first time downloading, a checkpoint may take an hour; then look often.
            *("--worker-startup-timeout-secs", "7200", "--worker-startup-check-interval", "5"),
            *workers,
        ),
    )


def in_url(host: str) -> str:
    """Return a host name or address as URLs write it."""
    return f"[{host}]" if ":" in host else host


def _refuse(extra: tuple[str, ...]) -> None:
    for option in extra:
        name = option.split("=", 1)[0]
        # SGLang takes the beginning of a flag for the flag.
        meant = [flag for flag in REFUSED if len(name) > len("--") and flag.startswith(name)]
        if meant:
            msg = f"{name} cannot be passed on to SGLang: {REFUSED[meant[0]]}"
            raise SettingsError(msg)


def _gpus_per_server(preset: Preset, cluster: Cluster) -> int:
    size = cluster.gpus_per_server or preset.gpus
    if size not in GPUS_PER_SERVER:
        msg = f"--gpus-per-server {size}: heads and experts divide by {', '.join(map(str, GPUS_PER_SERVER))} GPUs only"
        raise SettingsError(msg)
    if cluster.gpus >= size:
        return size
    smaller = [other.model for other in PRESETS.values() if other.gpus <= cluster.gpus]
    msg = f"a server of {preset.model} takes {size} GPUs of 80 GB, and a node has {cluster.gpus}"
    advice = f"serve {' or '.join(smaller)}, or" if smaller else "give --gpus of at least 1, or"
    msg = f"{msg}: {advice}, if its GPUs are larger, name fewer with --gpus-per-server"
    raise SettingsError(msg)


def _notes(preset: Preset, gpus: int, size: int) -> list[str]:
    notes = [preset.caution] if preset.caution else []
    if size < preset.gpus:
        notes.append(
            f"{size} GPUs are fewer than the {preset.gpus} of 80 GB meant for {preset.model}: see that max_total_num_tokens in the log of "
            f"the server exceeds {preset.context_tokens:,}, or it refuses full requests"
        )
    if idle := gpus % size:
        notes.append(f"{idle} of {gpus} GPUs a node stay idle: a server takes {size}; --gpus-per-server changes that")
    return notes
