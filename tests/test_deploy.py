"""What is shipped to run the service in containers keeps its promises, line by line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from comments_service import db, server
from comments_service.config import Settings
from tests.databases import SECRET
from tests.servers import shipped_compose

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = shipped_compose.compose()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
GIVEN = {"COMMENTS_PUBLIC_URL": "https://comments.example"}
SECRETS = {
    "secret_key": SECRET.decode(),
    "database_url": "postgresql://postgres/c",
    "metrics_token": "a-token-for-prometheus",
}
SEVEN_CONTAINERS = 7
STAGES = DOCKERFILE.split("\nFROM ")[1:]


def seconds(text: str) -> int:
    return int(text.removesuffix("s").removesuffix("m")) * (60 if text.endswith("m") else 1)


each_service = pytest.mark.parametrize("service", SERVICES)


def test_all_parts_are_there() -> None:
    assert set(SERVICES) == {"nginx", "app", "migrate", "postgres", "redis"}
    assert SERVICES["app"]["deploy"]["replicas"] == 2


@each_service
def test_a_container_can_do_no_more_than_it_has_to(service: str) -> None:
    made = SERVICES[service]
    assert made["user"].split(":")[0] not in ("", "0", "root")
    assert made["read_only"] is True
    assert made["cap_drop"] == ["ALL"]
    assert "cap_add" not in made
    assert "privileged" not in made
    assert made["security_opt"] == ["no-new-privileges:true"]
    assert set(made["deploy"]["resources"]["limits"]) == {"memory", "pids"}
    # What must be written lies in memory and has a size, or is a volume with a name.
    assert all("size=" in place for place in made["tmpfs"])
    written = [volume for volume in made.get("volumes", []) if not volume.endswith(":ro")]
    assert [volume for volume in written if volume.split(":")[0] not in COMPOSE["volumes"]] == []


@each_service
def test_a_container_is_watched_and_ends_in_order(service: str) -> None:
    made = SERVICES[service]
    if service == "migrate":
        assert made["healthcheck"] == {"disable": True}
        assert made["restart"] == "no"
        return
    assert made["restart"] == "unless-stopped"
    assert made["stop_signal"] in ("SIGTERM", "SIGQUIT", "SIGINT")
    assert seconds(made["stop_grace_period"]) >= 10
    if service == "app":
        assert "HEALTHCHECK" in DOCKERFILE
        assert "/readyz" in DOCKERFILE
    else:
        assert made["healthcheck"]["test"][0] == "CMD"


def test_requests_in_flight_have_the_time_that_the_service_gives_them() -> None:
    assert seconds(SERVICES["app"]["stop_grace_period"]) > server.KILL_SECONDS
    nginx = (ROOT / "deploy" / "nginx" / "comments.conf").read_text()
    (waits,) = re.findall(r"proxy_read_timeout (\d+)s;", nginx)
    assert seconds(SERVICES["nginx"]["stop_grace_period"]) > int(waits)


def test_only_nginx_is_reached_from_outside_and_only_by_this_machine_unless_told() -> None:
    assert [name for name, made in SERVICES.items() if "ports" in made] == ["nginx"]
    (port,) = SERVICES["nginx"]["ports"]
    assert shipped_compose.interpolated(port, {}) == "127.0.0.1:8080:8080"
    assert shipped_compose.interpolated(port, {"COMMENTS_PUBLISH": "80"}) == "80:8080"
    assert COMPOSE["networks"]["back"] == {"internal": True}
    for name in ("postgres", "redis", "migrate"):
        assert SERVICES[name]["networks"] == ["back"]
    assert [name for name, made in SERVICES.items() if "front" in made["networks"]] == ["nginx", "app"]


def test_the_application_starts_when_the_migration_has_succeeded() -> None:
    needs = {name: made.get("depends_on", {}) for name, made in SERVICES.items()}
    assert needs["migrate"] == {"postgres": {"condition": "service_healthy"}}
    assert needs["app"]["migrate"] == {"condition": "service_completed_successfully"}
    assert needs["nginx"] == {"app": {"condition": "service_healthy"}}
    assert SERVICES["migrate"]["command"] == ["db", "upgrade"]
    assert SERVICES["migrate"]["environment"] == SERVICES["app"]["environment"]


def test_the_settings_are_ones_and_secrets_come_from_files(tmp_path: Path) -> None:
    environment = shipped_compose.environment("app", GIVEN)
    for name, value in environment.items():
        if value.startswith("/run/secrets/"):
            secret = value.removeprefix("/run/secrets/")
            assert secret in SERVICES["app"]["secrets"]
            (tmp_path / secret).write_text(SECRETS[secret])
            environment[name] = str(tmp_path / secret)
    settings = Settings.read(environment)
    assert settings.secret_key == SECRET
    assert settings.database_url.startswith("postgresql+psycopg://postgres/")
    assert settings.metrics_token == SECRETS["metrics_token"]
    assert settings.public_url == "https://comments.example"
    assert settings.rate_limit_storage.startswith("redis://redis:")
    used = {secret for made in SERVICES.values() for secret in made.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    for secret, where in COMPOSE["secrets"].items():
        assert where == {"file": f"./deploy/secrets/{secret}"}
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/secrets/" in ignored
    assert not [
        name
        for made in SERVICES.values()
        for name in made.get("environment", {})
        if name.endswith("PASSWORD")
    ]


def test_operating_tells_how_each_secret_is_made_and_whose_it_is() -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    given = {"10001": SERVICES["app"], "999": SERVICES["postgres"]}
    for secret, where in COMPOSE["secrets"].items():
        path = where["file"].removeprefix("./")
        assert f"> {path}" in page
        (owner,) = re.findall(rf"^sudo chown (\d+) .*{path}\b", page, re.MULTILINE)
        assert secret in given[owner]["secrets"]


def test_without_metrics_their_secret_is_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "token").touch()
    settings = {
        "COMMENTS_SECRET_KEY": SECRET.decode(),
        "COMMENTS_METRICS_TOKEN_FILE": str(tmp_path / "token"),
    }
    assert Settings.read(settings).metrics_token == ""


def test_without_a_public_address_nothing_starts() -> None:
    with pytest.raises(KeyError, match="COMMENTS_PUBLIC_URL"):
        shipped_compose.environment("app", {})


def test_the_application_believes_nginx_and_nginx_the_host_alone() -> None:
    (network,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert SERVICES["app"]["environment"]["COMMENTS_TRUSTED_PROXIES"] == network["subnet"]
    assert ip_address(network["gateway"]) in ip_network(network["subnet"])
    proxies = (ROOT / "deploy" / "nginx" / "proxies.conf").read_text()
    assert re.findall(r"^set_real_ip_from (.*);", proxies, re.MULTILINE) == [network["gateway"]]


def test_nginx_finds_what_its_configuration_includes() -> None:
    folder = ROOT / "deploy" / "nginx"
    mounted = dict(volume.split(":")[:2] for volume in SERVICES["nginx"]["volumes"])
    assert mounted["./deploy/nginx/nginx.conf"] == "/etc/nginx/nginx.conf"
    place = mounted["./deploy/nginx"]
    included = re.findall(rf"include {re.escape(place)}/(.*);", (folder / "nginx.conf").read_text())
    assert included == ["proxies.conf", "upstream.conf", "comments.conf"]
    assert [name for name in included if not (folder / name).exists()] == []
    assert "server app:8000 resolve " in (folder / "upstream.conf").read_text()
    command = SERVICES["app"]["command"]
    assert command[command.index("--port") + 1] == "8000"


def test_postgresql_has_a_place_for_every_worker() -> None:
    pool = db._postgres_options()
    connections = 2 * (pool["pool_size"] + pool["max_overflow"])  # of a worker's readers and of its writers
    command = SERVICES["app"]["command"]
    workers = int(command[command.index("--workers") + 1])
    (given,) = re.findall(r"max_connections=(\d+)", " ".join(SERVICES["postgres"]["command"]))
    left = 20  # for migrations, commands and PostgreSQL itself
    assert SEVEN_CONTAINERS * workers * connections <= int(given) - left
    assert f"A worker opens {connections} connections at most" in (ROOT / "docker-compose.yml").read_text()


def test_the_image_is_made_of_the_lock_and_holds_no_compiler() -> None:
    build, final = STAGES
    assert "--require-hashes --requirement requirements/run.txt" in build
    assert "--only-binary :all:" in build
    lock = (ROOT / "requirements" / "run.txt").read_text()
    for needed in ("psycopg-binary==", "redis==", "granian==", "hatchling=="):
        assert needed in lock
    for tool in ("apt-get", "gcc", "build-essential", "pip install", "npm"):
        assert tool not in final
    assert [stage.splitlines()[0].split()[0] for stage in STAGES] == ["python:3.11-slim-bookworm"] * 2


def test_the_image_runs_as_nobody_in_particular_and_is_told_so_by_number() -> None:
    (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
    assert int(user) >= 10_000
    assert SERVICES["app"]["user"] == f"{user}:{user}"
    assert f"uid={user}" in SERVICES["app"]["tmpfs"][1]


def test_the_builder_is_sent_what_the_image_is_made_of_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == "*"
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for word in line.split()[:-1]
    }
    assert sent == copied
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_a_line_that_is_more_than_is_read_here_is_refused() -> None:
    for text in ("a: |\n  b", "a: 'b'", "a:\n  - b: c\n   d: e", "a: 1\na: 2", "a: b: c", "? a"):
        with pytest.raises(ValueError, match="not understood"):
            shipped_compose.read(text)
    read = shipped_compose.read(
        'x: &y\n  a: 1\n  b: "no"\nz:\n  <<: *y\n  b: true\n  c:\n    - d: 2\n      e: [3]'
    )
    assert read["z"] == {"a": 1, "b": True, "c": [{"d": 2, "e": [3]}]}


def test_docker_compose_reads_the_same_where_it_exists(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    words = [docker or "docker", "compose", "version"]
    if docker is None or subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("docker compose is not on this machine, and need not be")
    words = [docker, "compose", "--file", str(ROOT / "docker-compose.yml"), "config", "--format", "json"]
    asked = subprocess.run(words, env={**os.environ, **GIVEN}, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)["services"]
    assert set(told) == set(SERVICES)
    assert told["app"]["environment"] == shipped_compose.environment("app", GIVEN)
