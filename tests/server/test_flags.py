"""What `longread serve sglang` writes, read by the versions of SGLang and its router that it is written for."""

import json
import subprocess
from pathlib import Path

import pytest

from pipeline.launch import ROUTER_VERSION, SGLANG_VERSION, Launch, router_launch
from pipeline.manifests import kubernetes
from pipeline.serving import ServeRequest
from schemas.preset import PRESETS

pytestmark = pytest.mark.server

PARSE = """
import argparse, importlib.metadata, json, sys
from pathlib import Path
import sglang
from sglang.srt.environ import envs
from sglang.srt.parser.reasoning_parser import ReasoningParser
from sglang.srt.server_args import ServerArgs
from sglang_router.router_args import RouterArgs

def parsed(add_arguments, argv):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    # argparse takes a beginning for the whole: a name that was dropped might be taken for another.
    unknown = [word for word in argv if word.startswith("--") and word not in parser._option_string_actions]
    return {"unknown": unknown, "args": vars(parser.parse_args(argv))}

asked = json.load(sys.stdin)
app = Path(sglang.__file__).with_name("srt") / "entrypoints" / "http_server.py"
json.dump({
    "servers": [parsed(ServerArgs.add_cli_args, argv) for argv in asked["servers"]],
    "routers": [parsed(RouterArgs.add_cli_args, argv) for argv in asked["routers"]],
    "unset": [name for name in asked["env"] if not hasattr(envs, name)],
    "no_route": [path for path in asked["paths"] if f'@app.get("{path}")' not in app.read_text()],
    "excluded": ReasoningParser("glm45").detector.think_excluded_tokens,
    "versions": [importlib.metadata.version(name) for name in ("sglang", "sglang-router")],
}, open(sys.argv[1], "w"), default=str)
"""


def launches() -> tuple[list[Launch], list[Launch]]:
    """Every kind of command: each model on 8 GPUs, on one and on two, and a router that finds its servers in Kubernetes."""
    asked = [ServeRequest(model=model, gpus=8, nodes=nodes) for model in PRESETS for nodes in ("1", "2")]
    asked += [ServeRequest(model=model, gpus=size, gpus_per_server=size) for model in PRESETS for size in (1, 2)]
    made = [each.deployment for each in asked]
    found = router_launch("0.0.0.0", 30_000, ("--service-discovery", "--selector", "app=x", "--service-discovery-port", "30000"))
    return [server.launch for each in made for server in each.servers], [each.router for each in made if each.router] + [found]


@pytest.fixture(scope="module")
def read(sglang_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    servers, routers = launches()
    asked = {
        "servers": [launch.argv[2:] for launch in servers],
        "routers": [launch.argv[2:] for launch in routers],
        "env": sorted({name for launch in servers for name, _ in launch.env} - {"CUDA_VISIBLE_DEVICES"}),
        "paths": ["/ready", "/model_info", "/health"],
    }
    out = tmp_path_factory.mktemp("flags") / "read.json"
    subprocess.run([sglang_python, "-c", PARSE, out], input=json.dumps(asked), text=True, check=True)
    return json.loads(out.read_text())


def test_the_versions_are_those_that_the_commands_are_written_for(read: dict) -> None:
    assert read["versions"] == [SGLANG_VERSION, ROUTER_VERSION]


def test_every_option_exists(read: dict) -> None:
    assert [each["unknown"] for each in read["servers"] + read["routers"]] == [[]] * (len(read["servers"]) + len(read["routers"]))


def test_the_server_understands_what_is_meant(read: dict) -> None:
    for launch, each in zip(launches()[0], read["servers"], strict=True):
        args, size = each["args"], len(dict(launch.env)["CUDA_VISIBLE_DEVICES"].split(","))
        assert (args["tp_size"], args["context_length"], args["reasoning_parser"]) == (size, 131_072, "glm45")
        assert args["ep_size"] == (1 if args["model_path"].endswith("Flash") else size)
        assert bool(args["mm_enable_dp_encoder"]) == (size > 1)
        assert (args["schedule_policy"], args["enable_strict_thinking"], args["allow_auto_truncate"]) == ("lpm", True, False)


def test_the_router_knows_its_servers(read: dict) -> None:
    for launch, each in zip(launches()[1], read["routers"], strict=True):
        args = each["args"]
        assert (args["policy"], args["assignment_mode"], args["disable_circuit_breaker"]) == ("manual", "min_load", True)
        assert args["service_discovery"] == (not args["worker_urls"])
        assert args["worker_urls"] == [word for word in launch.argv if word.startswith("http://")]


def test_variables_and_paths_exist_and_thinking_can_be_ended(read: dict) -> None:
    assert (read["unset"], read["no_route"]) == ([], [])
    assert read["excluded"]  # without them --enable-strict-thinking filters nothing, and no budget is kept


def test_the_programs_are_installed(sglang_python: Path) -> None:
    assert all((sglang_python.parent / name).exists() for name in {launch.argv[0] for each in launches() for launch in each})


def test_kubernetes_names_the_same_versions() -> None:
    text = kubernetes(ServeRequest(model="glm-4.6v-flash", gpus=1).deployment, "made by")
    assert f"lmsysorg/sglang:v{SGLANG_VERSION}" in text
    assert f"lmsysorg/sgl-model-gateway:v{ROUTER_VERSION}" in text
