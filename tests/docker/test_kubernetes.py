"""The Kubernetes manifests: their schemas, and that they fit the image and the code."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest

from api.middleware.hosts import AllowedHosts
from api.routes import health
from api.settings import Settings, load_settings
from indexing.engines.elastic import address
from indexing.engines.elastic.settings import from_environment
from tests.docker.deployment import image_environment, known_settings, manifests, pod_specs

OLDEST = "1.29"
"""The first version whose schemas are asked; every manifest has to hold in the newest, too."""

MANIFESTS = list(manifests())
PODS = list(pod_specs())
KINDS = [one["kind"] for one in MANIFESTS]


def named(kind: str) -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in MANIFESTS if one["kind"] == kind}


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=KINDS)
def test_the_schema_holds(manifest: Any, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_kinds_are_those_that_are_needed() -> None:
    assert sorted(set(KINDS)) == [
        "ConfigMap",
        "Deployment",
        "Job",
        "PodDisruptionBudget",
        "Service",
    ]


def environment(pod: Any) -> dict[str, str]:
    """The variables of a pod's only container; secrets have a value of their own."""
    container = pod["containers"][0]
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= named("ConfigMap")[source["configMapRef"]["name"]]["data"]
    for one in container.get("env", []):
        found[one["name"]] = one.get("value", "secret")
    return found


@pytest.mark.parametrize("pod", PODS, ids=["api", "ingest"])
def test_settings_exist_and_can_be_read(pod: Any) -> None:
    given = environment(pod)
    assert set(given) <= known_settings()
    settings = from_environment(given)
    assert settings.api_key
    assert address.parse(given["REVIEWQA_STORE"]).hosts[0].startswith("https://")
    mounts = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    assert settings.ca
    assert settings.ca.rpartition("/")[0] in mounts


@pytest.mark.parametrize("pod", PODS, ids=["api", "ingest"])
def test_pods_may_do_no_more_than_they_need(pod: Any) -> None:
    assert pod["automountServiceAccountToken"] is False
    # With links, a Service's address in REVIEWQA_PORT is taken for the setting.
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    container = pod["containers"][0]
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert {"memory", "cpu"} <= set(container["resources"]["limits"])
    assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}
    declared = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == declared


def api() -> Any:
    return named("Deployment")["reviewqa"]


def test_probes_ask_what_the_service_answers_for() -> None:
    container = api()["spec"]["template"]["spec"]["containers"][0]
    routes = {route.path for route in health.router.routes}
    hosts = AllowedHosts(None, load_settings().host_names())  # type: ignore[arg-type]
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        ask = container[name]["httpGet"]
        assert ask["path"] in routes
        host = {one["name"]: one["value"] for one in ask["httpHeaders"]}["Host"]
        scope = {"headers": [(b"host", host.encode())]}
        assert hosts.judge(scope) is None
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"


def test_the_service_finds_the_port_that_is_served() -> None:
    container = api()["spec"]["template"]["spec"]["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert str(ports["http"]) == image_environment()["REVIEWQA_PORT"]
    service = named("Service")["reviewqa"]["spec"]
    assert [port["targetPort"] for port in service["ports"]] == ["http"]


def test_service_and_budget_choose_the_replicas() -> None:
    spec = api()["spec"]
    assert spec["replicas"] == 2
    labels = spec["template"]["metadata"]["labels"].items()
    assert spec["selector"]["matchLabels"].items() <= labels
    assert named("Service")["reviewqa"]["spec"]["selector"].items() <= labels
    budget = named("PodDisruptionBudget")["reviewqa"]["spec"]
    assert budget["selector"]["matchLabels"].items() <= labels
    assert budget["minAvailable"] < spec["replicas"]


def test_replicas_end_their_work_before_they_are_killed() -> None:
    pod = api()["spec"]["template"]["spec"]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["terminationGracePeriodSeconds"] > pause + Settings().grace_seconds


def test_the_key_that_serves_is_not_the_key_that_writes() -> None:
    keys = [
        one["valueFrom"]["secretKeyRef"]["name"]
        for pod in PODS
        for one in pod["containers"][0]["env"]
        if one["name"] == "REVIEWQA_ES_API_KEY"
    ]
    assert len(keys) == len(set(keys)) == 2


def test_no_secret_is_written_down() -> None:
    assert "Secret" not in KINDS
