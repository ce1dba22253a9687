"""A deployment written down for Kubernetes: servers, a router that finds them, and a nightly run."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import yaml

from pipeline.launch import EVERYWHERE, READY, ROUTER_VERSION, SGLANG_VERSION, Deployment, router_launch, server_launch
from pipeline.scripts import DRAIN_S, heading

Manifest: TypeAlias = Mapping[str, object]
ALONE: Manifest = {"automountServiceAccountToken": False, "enableServiceLinks": False}
"""A pod that does not talk to Kubernetes, and gets no variables LONGREAD_… for the services of its namespace."""
NAMESPACE = "longread"
SERVERS, ROUTER, RUNS = "longread-sglang", "longread-router", "longread-run"
SGLANG_IMAGE = f"lmsysorg/sglang:v{SGLANG_VERSION}"
ROUTER_IMAGE = f"lmsysorg/sgl-model-gateway:v{ROUTER_VERSION}"
RUN_IMAGE = "longread:0.1.0"
SHARED_MEMORY = "/dev/shm"  # noqa: S108
PORT = 30_000
CHECKPOINTS, DOCUMENTS = "checkpoints", "documents"
LOAD_S = 3_600
"""Longest time to load a checkpoint, and the first time to download it."""


def kubernetes(deployment: Deployment, made_by: str) -> str:
    """Return the manifests as YAML. Each server is a pod, wherever its GPUs are; the router finds the pods by their label."""
    head = [
        *heading(deployment, made_by, routed=True),
        "#",
        f"# Yours to bring: the image {RUN_IMAGE}, which holds longread; storage for the two claims; and, if an endpoint wants a key,",
        f"# kubectl --namespace {NAMESPACE} create secret generic longread --from-file=api-key=/dev/stdin",
    ]
    return "\n".join(head) + "\n" + "".join(f"---\n{_text(*commented)}" for commented in _manifests(deployment))


def _manifests(deployment: Deployment) -> Iterable[tuple[str, Manifest]]:
    yield "Everything below lives here.", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    yield "Downloaded once for all servers.", _claim(CHECKPOINTS, "500Gi")
    yield "Documents in inbox/, what was read in out/.", _claim(DOCUMENTS, "100Gi")
    yield (
        "A new version takes a server's GPUs over when the old one has given them up.",
        {
            **_kind("apps/v1", "Deployment", SERVERS),
            "spec": {
                "replicas": len(deployment.servers),
                "selector": {"matchLabels": _label(SERVERS)},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
                "progressDeadlineSeconds": 2 * LOAD_S,
                "template": {"metadata": {"labels": _label(SERVERS)}, "spec": _server_pod(deployment)},
            },
        },
    )
    yield "The router watches the pods of this namespace.", _kind("v1", "ServiceAccount", ROUTER)
    yield (
        "It reads them and changes nothing.",
        {
            **_kind("rbac.authorization.k8s.io/v1", "Role", ROUTER),
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
        },
    )
    yield (
        "To the router alone.",
        {
            **_kind("rbac.authorization.k8s.io/v1", "RoleBinding", ROUTER),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ROUTER},
            "subjects": [{"kind": "ServiceAccount", "name": ROUTER, "namespace": NAMESPACE}],
        },
    )
    yield (
        "One router: it remembers which server has which pages, and two would not agree.",
        {
            **_kind("apps/v1", "Deployment", ROUTER),
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": _label(ROUTER)},
                "strategy": {"type": "Recreate"},
                "template": {"metadata": {"labels": _label(ROUTER)}, "spec": _router_pod()},
            },
        },
    )
    yield (
        f"--backend http://{ROUTER}:{PORT} in this namespace.",
        {
            **_kind("v1", "Service", ROUTER),
            "spec": {"selector": _label(ROUTER), "ports": [{"name": "http", "port": PORT, "targetPort": PORT}]},
        },
    )
    yield "The servers ask for no key: the router alone may call them,", _policy(SERVERS, ROUTER)
    yield "and runs alone may call the router.", _policy(ROUTER, RUNS)
    yield (
        "Every night; what was read before is recognised. Exit codes 3 (some pages could not be read) and 2 (wrong use) stay as they are.",
        {**_kind("batch/v1", "CronJob", RUNS), "spec": _nightly()},
    )


def _server_pod(deployment: Deployment) -> Manifest:
    gpus = len(deployment.servers[0].gpus)
    launch = server_launch(deployment.preset, deployment.model_path, tuple(range(gpus)), EVERYWHERE, PORT, deployment.extra)
    return {
        **ALONE,
        "terminationGracePeriodSeconds": DRAIN_S,
        "containers": [
            {
                "name": "sglang",
                "image": SGLANG_IMAGE,
                "command": list(launch.argv),
                "env": [
                    {"name": "HF_HOME", "value": "/checkpoints"},
                    # The device plugin numbers the GPUs that the pod gets.
                    *({"name": name, "value": value} for name, value in launch.env if name != "CUDA_VISIBLE_DEVICES"),
                ],
                "ports": [{"name": "http", "containerPort": PORT}],
                "resources": {
                    "requests": {"cpu": str(4 * gpus), "memory": f"{32 * gpus}Gi"},
                    "limits": {"nvidia.com/gpu": gpus, "memory": f"{64 * gpus}Gi"},
                },
                "startupProbe": _probe(READY, period=10, failures=LOAD_S // 10),
                "readinessProbe": _probe(READY, period=5, failures=3),
                # Whether HTTP answers at all. A hanging scheduler is ended by SGLang's watchdog; /health would take a server for dead that
                # is busy with a long prefill.
                "livenessProbe": _probe("/model_info", period=30, failures=10),
                "volumeMounts": [{"name": CHECKPOINTS, "mountPath": "/checkpoints"}, {"name": "shm", "mountPath": SHARED_MEMORY}],
            }
        ],
        "volumes": [
            {"name": CHECKPOINTS, "persistentVolumeClaim": {"claimName": CHECKPOINTS}},
            # NCCL and SGLang's processes exchange tensors there; a pod has 64 MB by default.
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{16 * gpus}Gi"}},
        ],
    }


def _router_pod() -> Manifest:
    find = ("--service-discovery", "--selector", f"app={SERVERS}", "--service-discovery-port", str(PORT))
    launch = router_launch(EVERYWHERE, PORT, (*find, "--service-discovery-namespace", NAMESPACE))
    return {
        "serviceAccountName": ROUTER,
        "terminationGracePeriodSeconds": DRAIN_S,
        "containers": [
            {
                "name": "router",
                "image": ROUTER_IMAGE,
                "command": ["python3", "-m", "sglang_router.launch_router", *launch.argv[2:]],
                "ports": [{"name": "http", "containerPort": PORT}],
                # Bodies of 100 MB, parsed and written again, for each request in flight.
                "resources": {"requests": {"cpu": "4", "memory": "8Gi"}, "limits": {"memory": "16Gi"}},
                "startupProbe": _probe("/liveness", period=5, failures=60),
                "readinessProbe": _probe("/readiness", period=5, failures=3),
                "livenessProbe": _probe("/liveness", period=30, failures=10),
            }
        ],
    }


def _nightly() -> Manifest:
    backend = ["--backend", f"http://{ROUTER}:{PORT}"]
    key = {"name": "LONGREAD_API_KEY", "valueFrom": {"secretKeyRef": {"name": "longread", "key": "api-key", "optional": True}}}
    common = {"image": RUN_IMAGE, "env": [key], "volumeMounts": [{"name": DOCUMENTS, "mountPath": "/documents"}]}
    resources = {"requests": {"cpu": "4", "memory": "8Gi"}, "limits": {"memory": "32Gi"}}
    run = ["longread", "run", "/documents/inbox", "--out", "/documents/out", *backend]
    pod = {
        **ALONE,
        "restartPolicy": "Never",
        "initContainers": [{"name": "check", **common, "command": ["longread", "check", *backend], "resources": resources}],
        "containers": [{"name": "longread", **common, "command": run, "resources": resources}],
        "volumes": [{"name": DOCUMENTS, "persistentVolumeClaim": {"claimName": DOCUMENTS}}],
    }
    final = {"action": "FailJob", "onExitCodes": {"containerName": "longread", "operator": "In", "values": [2, 3]}}
    job = {"backoffLimit": 3, "podFailurePolicy": {"rules": [final]}, "template": {"metadata": {"labels": _label(RUNS)}, "spec": pod}}
    return {"schedule": "0 1 * * *", "concurrencyPolicy": "Forbid", "jobTemplate": {"spec": job}}


def _text(comment: str, manifest: Manifest) -> str:
    return f"# {comment}\n{yaml.dump(manifest, Dumper=_Spelled, sort_keys=False, width=120)}"


class _Spelled(yaml.SafeDumper):
    """Writes what occurs twice out twice, rather than as a reference."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def _kind(api: str, kind: str, name: str) -> Manifest:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE, "labels": _label(name)}}


def _label(name: str) -> Manifest:
    return {"app": name}


def _claim(name: str, size: str) -> Manifest:
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": size}}}
    return {**_kind("v1", "PersistentVolumeClaim", name), "spec": spec}


def _policy(of: str, allowed: str) -> Manifest:
    ingress = [{"from": [{"podSelector": {"matchLabels": _label(allowed)}}], "ports": [{"port": PORT, "protocol": "TCP"}]}]
    return {
        **_kind("networking.k8s.io/v1", "NetworkPolicy", of),
        "spec": {"podSelector": {"matchLabels": _label(of)}, "policyTypes": ["Ingress"], "ingress": ingress},
    }


def _probe(path: str, period: int, failures: int) -> Manifest:
    return {"httpGet": {"path": path, "port": PORT}, "periodSeconds": period, "timeoutSeconds": 10, "failureThreshold": failures}
