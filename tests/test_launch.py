"""Every GPU once, every server known to the router, every file as the code writes it."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.launch import GPUS_PER_SERVER, REFUSED, Cluster, deploy
from pipeline.manifests import kubernetes
from pipeline.scripts import shell, slurm, systemd
from pipeline.serving import ServeRequest, execute, files, node_names, preset_named, written
from schemas.errors import SettingsError
from schemas.preset import PRESETS
from tests.conftest import ROOT

FP8, FLASH = "zai-org/GLM-4.6V-FP8", "zai-org/GLM-4.6V-Flash"
COMMITTED = {
    "slurm": ServeRequest(model=FP8, gpus=8, nodes="2"),
    "kubernetes": ServeRequest(model=FP8, gpus=8, nodes="2"),
    "systemd": ServeRequest(model=FP8, gpus=8),
}


def of(argv: tuple[str, ...], option: str) -> str:
    return argv[argv.index(option) + 1]


def requests(**fixed):
    """Every way to ask that can be served."""
    sizes = st.sampled_from(GPUS_PER_SERVER)
    return st.builds(
        lambda model, size, count, idle, nodes, port: ServeRequest(
            model=model, gpus=size * count + idle % size, gpus_per_server=size, nodes=str(nodes), port=port, **fixed
        ),
        st.sampled_from(sorted(PRESETS)),
        sizes,
        st.integers(1, 8),
        st.integers(0, 7),
        st.integers(1, 5),
        st.integers(1, 60_000),
    )


@given(requests())
def test_no_gpu_is_used_twice_and_fewer_than_a_server_takes_stay_idle(asked: ServeRequest) -> None:
    deployment = asked.deployment
    for node in node_names(asked.nodes):
        used = [gpu for server in deployment.servers if server.node == node for gpu in server.gpus]
        assert used == list(range(asked.gpus - asked.gpus % asked.gpus_per_server))
    for server in deployment.servers:
        assert dict(server.launch.env)["CUDA_VISIBLE_DEVICES"] == ",".join(map(str, server.gpus))
        assert (len(server.gpus) == 1) == ("--tp-size" not in server.launch.argv)
        assert len(server.gpus) == 1 or of(server.launch.argv, "--tp-size") == str(len(server.gpus))


@given(requests())
def test_ports_differ_on_each_node_and_the_router_knows_all_servers(asked: ServeRequest) -> None:
    deployment = asked.deployment
    addresses = [(server.node, server.port) for server in deployment.servers]
    assert all(of(server.launch.argv, "--port") == str(server.port) for server in deployment.servers)
    if deployment.router:
        addresses.append((deployment.servers[0].node, int(of(deployment.router.argv, "--port"))))
        known = deployment.router.argv[deployment.router.argv.index("--worker-urls") + 1 :]
        assert list(known) == [server.url for server in deployment.servers]
    else:
        assert len(addresses) == 1
    assert len(set(addresses)) == len(addresses)
    assert deployment.url.endswith(f":{asked.port}")


@given(requests(extra=("--chat-template", "a b's $HOME.jinja")))
def test_the_shells_words_are_the_commands_words(asked: ServeRequest) -> None:
    text = shell(asked.deployment, "x").replace("\\\n", " ")
    commands = [shlex.split(line.removesuffix("&")) for line in text.splitlines() if line and not line.startswith(("#", "wait"))]
    launches = [server.launch for server in asked.deployment.servers] + [asked.deployment.router] * bool(asked.deployment.router)
    wanted = [[f"{name}={value}" for name, value in launch.env] + list(launch.argv) for launch in launches]
    assert sorted(commands) == sorted(wanted)


def test_one_node_keeps_its_servers_to_itself_and_several_do_not() -> None:
    alone = ServeRequest(model=FP8, gpus=8, host="10.0.0.5").deployment
    assert {of(server.launch.argv, "--host") for server in alone.servers} == {"127.0.0.1"}
    assert of(alone.router.argv, "--host") == "10.0.0.5"
    assert alone.url == "http://10.0.0.5:30000"
    several = ServeRequest(model=FP8, gpus=8, nodes="gpu-01, gpu-02").deployment
    assert {of(server.launch.argv, "--host") for server in several.servers} == {"0.0.0.0"}
    assert several.url == "http://gpu-01:30000"
    assert [server.url for server in several.servers][-1] == "http://gpu-02:30002"
    assert ServeRequest(model=FLASH, gpus=1, host="::").deployment.url == "http://127.0.0.1:30000"
    assert ServeRequest(model=FLASH, gpus=1, host="fd00::1").deployment.url == "http://[fd00::1]:30000"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"model": "qwen", "gpus": 8}, "longread knows zai-org/GLM-4.6V, zai-org/GLM-4.6V-FP8, zai-org/GLM-4.6V-Flash"),
        ({"model": "zai-org/GLM-4.6V", "gpus": 4}, "serve zai-org/GLM-4.6V-FP8 or zai-org/GLM-4.6V-Flash, or"),
        ({"model": FLASH, "gpus": 6, "gpus_per_server": 3}, "by 1, 2, 4, 8 GPUs only"),
        ({"model": FLASH, "gpus": 1, "nodes": "0"}, "give their number, or their names"),
        ({"model": FLASH, "gpus": 1, "nodes": "a,,b"}, "give their number, or their names"),
        ({"model": FLASH, "gpus": 1, "nodes": "a,a"}, "each once"),
        ({"model": "/models/mine", "gpus": 1}, "say with --preset which of them it is"),
        ({"model": "/models/mine", "gpus": 1, "preset": "mine"}, "no such preset or file"),
        *(({"model": FLASH, "gpus": 1, "extra": (f"{option}=1",)}, why) for option, why in REFUSED.items()),
    ],
)
def test_wrong_use_says_what_to_do(asked: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        _ = ServeRequest(**asked).deployment
    assert says in str(raised.value)


def test_units_and_exec_are_for_one_node() -> None:
    several = ServeRequest(model=FLASH, gpus=1, nodes="2")
    with pytest.raises(SettingsError, match="leave --nodes out"):
        files(several, "systemd")
    with pytest.raises(SettingsError, match="leave --nodes out"):
        execute(several.deployment)


def test_notes_tell_of_idle_gpus_of_fp8_and_of_little_memory() -> None:
    notes = ServeRequest(model=FP8, gpus=3, gpus_per_server=2).deployment.notes
    assert ["Hopper" in notes[0], "exceeds 131,072" in notes[1], "1 of 3 GPUs" in notes[2]] == [True] * 3
    assert ServeRequest(model=FLASH, gpus=4).deployment.notes == ()


def test_a_checkpoint_of_ones_own_is_served_under_its_presets_name() -> None:
    for asked in (ServeRequest(model="/models/mine", preset=FLASH, gpus=1), ServeRequest(model="/models/GLM-4.6V-Flash", gpus=1)):
        argv = asked.deployment.servers[0].launch.argv
        assert of(argv, "--model-path") == asked.model
        assert of(argv, "--served-model-name") == FLASH
    assert of(ServeRequest(model="glm-4.6v-flash", gpus=1).deployment.servers[0].launch.argv, "--model-path") == FLASH


@pytest.mark.parametrize("form", sorted(COMMITTED))
def test_the_files_in_deploy_are_what_the_code_makes(form: str) -> None:
    made = files(COMMITTED[form], form)
    kept = {name: (ROOT / "deploy" / name).read_text(encoding="utf-8") for name in made}
    assert kept == made, f"make them again: {COMMITTED[form].command(form)} --out deploy"


def test_nothing_else_is_in_deploy() -> None:
    made = {name for form, asked in COMMITTED.items() for name in files(asked, form)}
    assert {path.name for path in (ROOT / "deploy").iterdir()} == made


@pytest.mark.parametrize("model", sorted(PRESETS))
@pytest.mark.parametrize("nodes", ["1", "2"])
@pytest.mark.parametrize("write", [shell, slurm])
def test_shell_scripts_are_clean(tmp_path: Path, model: str, nodes: str, write) -> None:
    path = tmp_path / "script.sh"
    path.write_text(write(ServeRequest(model=model, gpus=8, nodes=nodes, extra=("--log-level", "it's")).deployment, "made by"))
    subprocess.run(["bash", "-n", path], check=True)
    found = subprocess.run([Path(sys.executable).with_name("shellcheck"), path], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("model", sorted(PRESETS))
def test_kubernetes_knows_every_field(model: str) -> None:
    manifests = list(yaml.safe_load_all(kubernetes(ServeRequest(model=model, gpus=8, nodes="2").deployment, "made by")))
    for manifest in manifests:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**manifests[-1], "schedule": "0 1 * * *"}, kubernetes_validate.latest_version(), strict=True)


def test_what_kubernetes_starts_fits_together() -> None:
    asked = COMMITTED["kubernetes"]
    manifests = {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(kubernetes(asked.deployment, "x"))}
    servers, router = manifests["Deployment", "longread-sglang"], manifests["Deployment", "longread-router"]
    container = servers["spec"]["template"]["spec"]["containers"][0]
    assert servers["spec"]["replicas"] * container["resources"]["limits"]["nvidia.com/gpu"] == 2 * asked.gpus
    command = router["spec"]["template"]["spec"]["containers"][0]["command"]
    name, value = of(tuple(command), "--selector").split("=")
    assert servers["spec"]["template"]["metadata"]["labels"][name] == value
    assert of(tuple(command), "--service-discovery-port") == of(tuple(container["command"]), "--port")
    run = manifests["CronJob", "longread-run"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    assert of(tuple(run["command"]), "--backend") == "http://longread-router:30000"
    assert run["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "longread", "key": "api-key", "optional": True}
    assert ":latest" not in json.dumps(list(manifests.values()))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    units = systemd(ServeRequest(model=FP8, gpus=8, extra=("--chat-template", 'a 50% "b" $HOME')).deployment, "made by")
    for name, text in units.items():
        # It looks whether the program is there.
        (tmp_path / name).write_text(
            text.replace("ExecStart=/opt/sglang/bin/sglang-router", "ExecStart=/bin/true").replace(
                "ExecStart=/opt/sglang/bin/sglang", "ExecStart=/bin/true"
            )
        )
    command = ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, [line for line in told.stderr.splitlines() if "longread" in line]) == (0, [])


def test_files_are_written_or_printed_with_their_names(tmp_path: Path) -> None:
    assert written({"a": "1\n"}, None) == "1\n"
    assert written({"a": "1\n", "b": "2\n"}, None) == "# ==== a\n1\n\n# ==== b\n2\n"
    assert written({"a": "1\n"}, tmp_path / "new") == f"{tmp_path}/new/a\n"
    assert (tmp_path / "new" / "a").read_text() == "1\n"


STAND_IN = """#!/usr/bin/env bash
echo "$0 $* gpus=$CUDA_VISIBLE_DEVICES" > "$LOG/$$"
trap 'echo got-term >> "$LOG/$$"; exit 0' TERM
trap 'echo got-int >> "$LOG/$$"; exit 0' INT
sleep 1000 & echo $! > "$LOG/child-$$"
if [ "$(basename "$0")" = "${ENDS:-}" ]; then sleep 0.5; exit 7; fi
wait
"""


@pytest.fixture
def stand_ins(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `sglang` and `sglang-router` are small scripts that write down what happens to them."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "log").mkdir()
    for name in ("sglang", "sglang-router"):
        path = tmp_path / "bin" / name
        path.write_text(STAND_IN)
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "LOG": str(tmp_path / "log")}


def started(env: dict[str, str]) -> subprocess.Popen[str]:
    """What `longread serve sglang --exec` does, without the imports of the other verbs."""
    code = f"import sys; from pipeline.serving import *; sys.exit(execute(ServeRequest(model={FP8!r}, gpus=8).deployment))"
    return subprocess.Popen([sys.executable, "-c", code], env=env, text=True, stderr=subprocess.PIPE, cwd=ROOT)


def logged(env: dict[str, str]) -> list[str]:
    return [path.read_text() for path in Path(env["LOG"]).iterdir() if not path.name.startswith("child-")]


def sleepers(env: dict[str, str]) -> list[int]:
    return [int(path.read_text()) for path in Path(env["LOG"]).glob("child-*") if path.read_text().strip()]


def wait_until(holds) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_exec_passes_signals_on_and_leaves_nothing_behind(stand_ins: dict[str, str], number: signal.Signals) -> None:
    with started(stand_ins) as process:
        wait_until(lambda: len(sleepers(stand_ins)) == 3)
        process.send_signal(number)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 0, said
    logs = logged(stand_ins)
    assert [f"got-{number.name[3:].lower()}" in log for log in logs] == [True] * 3
    assert sorted(log.split("gpus=")[1].split()[0] for log in logs if "sglang serve" in log) == ["0,1,2,3", "4,5,6,7"]
    wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() and "sleep" in Path(f"/proc/{pid}/comm").read_text() for pid in sleepers(stand_ins))
    )


def test_exec_ends_all_when_one_ends_and_returns_its_code(stand_ins: dict[str, str]) -> None:
    with started({**stand_ins, "ENDS": "sglang-router"}) as process:
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 7, said
    assert sum("got-term" in log for log in logged(stand_ins)) == 2


def test_exec_without_sglang_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(app, ["serve", "sglang", "--model", FP8, "--gpus", "8", "--exec"])
    assert done.exit_code == 2
    assert "then: longread run DOCUMENTS --backend http://127.0.0.1:30000" in done.stderr
    assert "sglang is not on PATH" in done.stderr
    assert "pip install sglang==0.5.23 sglang-router==0.3.2" in done.stderr


def test_the_command_line_prints_commands_and_next_steps() -> None:
    done = CliRunner().invoke(app, ["serve", "sglang", "--model", FP8, "--gpus", "8", "--nodes", "2", "--", "--log-level", "debug"])
    assert done.exit_code == 0, done.stderr
    assert done.stdout == files(ServeRequest(model=FP8, gpus=8, nodes="2", extra=("--log-level", "debug")), "shell")["longread.sh"]
    assert "longread check --backend http://node-1:30000" in done.stdout


def test_the_command_line_refuses_in_a_sentence() -> None:
    done = CliRunner().invoke(app, ["serve", "sglang", "--model", "zai-org/GLM-4.6V", "--gpus", "4"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("longread: a server of zai-org/GLM-4.6V takes 8 GPUs of 80 GB, and a node has 4: serve")


def test_every_preset_can_be_served_on_a_node_of_eight_gpus() -> None:
    for preset in PRESETS.values():
        assert preset.gpus in GPUS_PER_SERVER
        assert deploy(preset, Cluster(gpus=8), preset.model).servers
        assert preset_named(preset.model) is preset
