"""`make-env` writes secrets that the services take, and never changes what stands in the file."""

import base64
import re
import stat
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).parents[2]


COMPOSE = (ROOT / "docker-compose.yml").read_text()


def run_make_env(file: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "deploy/compose/make-env", file],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **env},
    )


def make_env(file: Path, **env: str) -> dict[str, str]:
    done = run_make_env(file, **env)
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def key(value: str) -> bytes:
    return base64.urlsafe_b64decode(value.partition(":")[2] + "=")


def test_the_file_has_all_that_compose_demands_and_is_its_owners_only(tmp_path: Path) -> None:
    values = make_env(tmp_path / "env")
    demanded = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    assert demanded
    assert demanded <= {name for name, value in values.items() if value}
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600


def test_the_keys_of_the_join_ticket_are_a_pair(tmp_path: Path) -> None:
    values = make_env(tmp_path / "env")
    signing = Ed25519PrivateKey.from_private_bytes(key(values["TICKET_SIGNING_KEY"]))
    assert signing.public_key().public_bytes_raw() == key(values["TICKET_VERIFY_KEYS"])
    assert values["TICKET_SIGNING_KEY"].partition(":")[0] == values["TICKET_VERIFY_KEYS"].partition(":")[0]


def test_the_other_keys_have_their_lengths(tmp_path: Path) -> None:
    values = make_env(tmp_path / "env")
    assert len(base64.urlsafe_b64decode(values["SESSION_KEY"])) == 32
    assert len(key(values["RESUME_KEYS"])) == 32


def test_a_second_run_changes_nothing_and_a_shorter_file_is_completed(tmp_path: Path) -> None:
    file = tmp_path / "env"
    first = make_env(file)
    assert make_env(file) == first
    file.write_text("".join(f"{name}={value}\n" for name, value in first.items() if name != "SESSION_KEY"))
    again = make_env(file)
    assert again.pop("SESSION_KEY") != first.pop("SESSION_KEY")
    assert again == first


def test_two_runs_share_no_secret(tmp_path: Path) -> None:
    one, other = make_env(tmp_path / "one"), make_env(tmp_path / "other")
    secret = {name for name in one if name.endswith(("PASSWORD", "SECRET", "KEY", "KEYS"))}
    assert len(secret) >= 8
    assert all(one[name] != other[name] for name in secret)


def test_addresses_follow_the_ports_and_the_origin_that_are_given(tmp_path: Path) -> None:
    values = make_env(tmp_path / "local", SITE_PORT="18080", IDENTITY_PORT="18082")
    assert values["PUBLIC_URL"] == values["ALLOWED_ORIGINS"] == "http://localhost:18080"
    assert (values["SYNC_PUBLIC_URL"], values["OIDC_ISSUER"]) == ("ws://localhost:18080", "http://localhost:18082")
    values = make_env(tmp_path / "real", PUBLIC_URL="https://watch.test")
    assert (values["ALLOWED_ORIGINS"], values["SYNC_PUBLIC_URL"]) == ("https://watch.test", "wss://watch.test")
    values = make_env(tmp_path / "below", PUBLIC_URL="https://cinema.test/together")
    assert (values["ALLOWED_ORIGINS"], values["SYNC_PUBLIC_URL"]) == (
        "https://cinema.test",
        "wss://cinema.test/together",
    )


def test_every_port_that_is_published_can_be_chosen(tmp_path: Path) -> None:
    published = re.findall(r'ports: \[".*\$\{(\w+_PORT):-(\d+)\}', COMPOSE)
    assert len(published) >= 5
    assert make_env(tmp_path / "usual").items() >= dict(published).items()
    chosen = {name: str(20_000 + number) for number, (name, _) in enumerate(published)}
    assert make_env(tmp_path / "chosen", **chosen).items() >= chosen.items()


def test_without_an_issuer_sign_in_and_mail_are_the_demos(tmp_path: Path) -> None:
    values = make_env(tmp_path / "env")
    assert (values["OIDC_BACKCHANNEL_URL"], values["SMTP_URL"]) == ("http://identity:8082", "smtp://inbox:8025")


def test_an_issuer_alone_leaves_nothing_with_the_demo(tmp_path: Path) -> None:
    values = make_env(tmp_path / "env", OIDC_ISSUER="https://accounts.test")
    assert not {"OIDC_BACKCHANNEL_URL", "SMTP_URL"} & values.keys()
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE))
    assert defaults
    assert not [name for name, value in defaults.items() if re.search("identity|inbox|localhost:8082", value)]


def test_the_cinemas_own_mail_server_and_back_channel_are_taken(tmp_path: Path) -> None:
    own = {
        "OIDC_ISSUER": "https://accounts.test",
        "OIDC_BACKCHANNEL_URL": "http://accounts.internal:8080",
        "SMTP_URL": "smtp://mail.test:25",
        "COMPOSE_PROFILES": "notifier",
    }
    assert make_env(tmp_path / "env", **own).items() >= own.items()


def test_the_demos_back_channel_beside_another_issuer_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "env"
    make_env(file)
    file.write_text(re.sub("OIDC_ISSUER=.*", "OIDC_ISSUER=https://accounts.test", file.read_text()))
    done = run_make_env(file)
    assert done.returncode == 1
    assert "OIDC_BACKCHANNEL_URL is the demo's" in done.stderr


def test_the_example_names_every_line(tmp_path: Path) -> None:
    example = (ROOT / "deploy/compose/env.example").read_text()
    known = set(re.findall(r"^#?(\w+)=", example, re.MULTILINE))
    read = set(re.findall(r"\$\{(\w+)", COMPOSE)) | set(re.findall(r"^ +([A-Z_]+): #", COMPOSE, re.MULTILINE))
    assert make_env(tmp_path / "env").keys() | read <= known


def test_the_notifier_runs_by_profile_only() -> None:
    # The cinema's own notification service would compete with it for the queue.
    service = re.search(r"^  notifier:\n((?:    .*\n)+)", COMPOSE, re.MULTILINE)
    assert service is not None
    assert "    profiles: [notifier, demo]\n" in service[1]
