"""The compose files: their schema, and that they fit the image, the code and each other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.settings import Settings, load_settings
from indexing.engines.elastic import address
from indexing.engines.elastic.settings import from_environment
from tests.docker.deployment import (
    CLUSTER,
    COMPOSE,
    DOCKER,
    DOCKERFILE,
    ROOT,
    compose,
    instructions,
    interpolated,
    known_settings,
    laid_over,
    variables,
)

FILES = [COMPOSE, CLUSTER]
OURS = ("ingest", "api")
HARDENED = ("accounts", "ingest", "api", "proxy")
GIVEN = {
    "ELASTIC_PASSWORD": "one-password",
    "REVIEWQA_READER_PASSWORD": "another",
    "REVIEWQA_WRITER_PASSWORD": "a-third",
}
SINGLE = compose(COMPOSE)["services"]
MERGED = laid_over(COMPOSE, CLUSTER)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_schema_holds(path: Path) -> None:
    tool = str(Path(sys.executable).parent / "check-jsonschema")
    command = [tool, "--builtin-schema", "vendor.compose-spec", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_command_that_tests_name_starts_elasticsearch_alone() -> None:
    told = (ROOT / "tests" / "conftest.py").read_text("utf-8")
    found = re.search(r"docker compose -f (\S+) up ([\w-]+)", told)
    assert found
    assert ROOT / found[1] == COMPOSE
    service = SINGLE[found[2]]
    assert "depends_on" not in service
    assert "profiles" not in service
    assert interpolated(service["ports"][0], {}) == "127.0.0.1:9200:9200"


def test_only_elasticsearchs_own_password_is_required_to_start_it() -> None:
    text = COMPOSE.read_text("utf-8")
    assert interpolated(text, {"ELASTIC_PASSWORD": "one"})
    with pytest.raises(KeyError, match="ELASTIC_PASSWORD"):
        interpolated(text, {})


def test_every_variable_is_explained() -> None:
    example = (DOCKER / ".env.example").read_text("utf-8")
    explained = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    assert set().union(*(variables(path.read_text("utf-8")) for path in FILES)) == explained
    ignored = subprocess.run(
        ["git", "check-ignore", "--quiet", "docker/.env"], cwd=ROOT, check=False
    )
    assert ignored.returncode in (0, 128), "docker/.env holds passwords; git must not take it"


@pytest.mark.parametrize("services", [SINGLE, MERGED], ids=["single", "cluster"])
@pytest.mark.parametrize("name", OURS)
def test_our_settings_exist_and_can_be_read(services: Any, name: str) -> None:
    given = {
        key: interpolated(value, GIVEN) for key, value in services[name]["environment"].items()
    }
    assert set(given) <= known_settings()
    settings = from_environment(given)
    assert settings.password
    place = address.parse(given["REVIEWQA_STORE"])
    hosts = {host.partition("://")[2].split(":")[0] for host in place.hosts}
    nodes = {key for key in services if key.startswith("elasticsearch")}
    assert hosts == nodes
    named = load_settings(
        **{
            key.removeprefix("REVIEWQA_").lower(): value
            for key, value in given.items()
            if not key.startswith("REVIEWQA_ES_")
        }
    )
    assert named.store == given["REVIEWQA_STORE"]
    secure = given["REVIEWQA_STORE"].startswith("https://")
    mounts = " ".join(services[name]["volumes"]) if secure else ""
    assert bool(settings.ca) is secure
    assert not settings.ca or Path(settings.ca).parts[1] in mounts


@pytest.mark.parametrize("services", [SINGLE, MERGED], ids=["single", "cluster"])
def test_only_the_proxy_can_be_reached_from_elsewhere_and_only_when_told(services: Any) -> None:
    published = {
        name: service["ports"] for name, service in services.items() if service.get("ports")
    }
    assert set(published) == {"proxy", "elasticsearch"}
    for ports in published.values():
        assert all(interpolated(port, {}).startswith("127.0.0.1:") for port in ports)
    # Whatever the variables say, Elasticsearch stays on loopback.
    assert all(port.startswith("127.0.0.1:") for port in published["elasticsearch"])


@pytest.mark.parametrize("services", [SINGLE, MERGED], ids=["single", "cluster"])
def test_the_proxy_cannot_reach_elasticsearch(services: Any) -> None:
    nodes = [service for name, service in services.items() if name.startswith("elasticsearch")]
    for node in nodes:
        assert not set(node["networks"]) & set(services["proxy"]["networks"])
        assert set(node["networks"]) & set(services["api"]["networks"])
        assert set(node["networks"]) & set(services["ingest"]["networks"])


@pytest.mark.parametrize("name", HARDENED)
def test_what_need_not_write_cannot(name: str) -> None:
    service = MERGED[name]
    assert service["read_only"] is True
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])
    assert all(mount.endswith((":ro", ":/data")) for mount in service["volumes"])


@pytest.mark.parametrize("name", sorted(MERGED))
def test_everything_is_bounded(name: str) -> None:
    service = MERGED[name]
    limits = service["deploy"]["resources"]["limits"]
    assert {"memory", "pids"} <= set(limits)
    assert "no-new-privileges:true" in service["security_opt"]
    # The certificates' owner is changed by root; nobody else needs a privilege.
    assert service.get("cap_drop") == ["ALL"] or name == "certificates"


def test_the_security_of_elasticsearch_is_on_everywhere() -> None:
    for services in (SINGLE, MERGED):
        for name, service in services.items():
            if name.startswith("elasticsearch"):
                assert service["environment"]["xpack.security.enabled"] == "true"


def test_there_are_two_replicas_that_end_their_work_before_they_are_killed() -> None:
    assert SINGLE["api"]["deploy"]["replicas"] == 2
    patience = int(SINGLE["api"]["stop_grace_period"].removesuffix("s"))
    assert patience > Settings().grace_seconds


def test_one_version_of_each_image_is_named() -> None:
    everything = "".join(path.read_text("utf-8") for path in FILES)
    images = set(re.findall(r"image: (\S+)", everything))
    assert len({image.split(":")[0] for image in images}) == len(images) == 3
    assert all(re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+(-alpine)?", image) for image in images)
    assert SINGLE["elasticsearch"]["image"].startswith("elasticsearch:8.19.")
    assert SINGLE["api"]["build"] == {"context": "..", "dockerfile": "docker/Dockerfile"}
    assert DOCKERFILE.is_file()


def test_the_folder_that_ingest_writes_to_is_the_images_own() -> None:
    assert "data:/data" in SINGLE["ingest"]["volumes"]
    assert "WORKDIR /data" in DOCKERFILE.read_text("utf-8")


def test_files_that_are_mounted_exist() -> None:
    mounts = [mount for service in MERGED.values() for mount in service["volumes"]]
    paths = [interpolated(mount, {}).split(":")[0] for mount in mounts]
    assert all((DOCKER / path).exists() for path in paths if path.startswith("."))
    default = interpolated(SINGLE["ingest"]["command"][1], {})
    assert (ROOT / "indexing" / "sample" / Path(default).name).is_file()


def test_three_nodes_know_each_other_and_have_certificates() -> None:
    nodes = {name: one for name, one in MERGED.items() if name.startswith("elasticsearch")}
    assert len(nodes) == 3
    script = (DOCKER / "elasticsearch" / "certificates.sh").read_text("utf-8")
    found = re.search(r"^nodes=\((.*)\)$", script, re.MULTILINE)
    assert found
    assert set(found[1].split()) == set(nodes)
    for name, node in nodes.items():
        given = node["environment"]
        assert given["node.name"] == name
        assert set(given["discovery.seed_hosts"].split(",")) == set(nodes)
        assert set(given["cluster.initial_master_nodes"].split(",")) == set(nodes)
        assert given["discovery.type"] == "multi-node"
        for layer in ("http", "transport"):
            prefix = f"xpack.security.{layer}.ssl"
            assert given[f"{prefix}.enabled"] == "true"
            assert given[f"{prefix}.key"] == f"certificates/{name}/{name}.key"
            assert given[f"{prefix}.certificate"] == f"certificates/{name}/{name}.crt"
        assert f"{name}:/usr/share/elasticsearch/data" in node["volumes"]
    volumes = {**compose(COMPOSE)["volumes"], **compose(CLUSTER)["volumes"]}
    assert set(nodes) <= set(volumes)


def test_a_cluster_keeps_a_copy_of_every_index() -> None:
    given = MERGED["ingest"]["environment"]
    assert from_environment({**given, "REVIEWQA_ES_PASSWORD": "one"}).replicas == "1"


def test_the_authoritys_key_is_mounted_where_it_is_made_and_nowhere_else() -> None:
    holders = [
        name
        for name, one in MERGED.items()
        if any(mount.startswith("authority:") for mount in one["volumes"])
    ]
    assert holders == ["certificates"]


def test_our_containers_are_not_in_the_group_that_reads_the_nodes_keys() -> None:
    script = (DOCKER / "elasticsearch" / "certificates.sh").read_text("utf-8")
    assert "chown -R 0:0" in script
    user = next(rest for name, rest in instructions() if name == "USER")
    assert user.split(":")[1] != "0"


def test_scripts_are_valid_shell() -> None:
    for path in sorted((DOCKER / "elasticsearch").glob("*.sh")):
        done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("password", ["", "short", 'with"quote', "with space"])
def test_accounts_are_not_made_with_a_password_that_would_need_quoting(password: str) -> None:
    script = str(DOCKER / "elasticsearch" / "accounts.sh")
    given = {**GIVEN, "REVIEWQA_WRITER_PASSWORD": password, "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", script], env=given, capture_output=True, text=True)
    assert done.returncode == 1
    assert "REVIEWQA_WRITER_PASSWORD" in done.stderr
    assert "docker/.env" in done.stderr
