"""`make setup`: from a machine with git, make and python3 to one on which everything runs.

Only the standard library, since it runs before anything is installed. `python3 deploy/local/bootstrap.py` prepares a
run, with `--tests` the tests too, with `--unit` the unit tests alone, which need no servers.
Each step leaves a stamp (the hash of what it was made from), so that a second run does nothing and takes no time.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
SAID_LINES = 30
KEPT_S = 7 * 86_400

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
ASSETS = ROOT / "build" / "assets"
WIDGET_SOURCES = (ROOT / "api_service" / "static" / "widget", ROOT / "deploy" / "widget")
PAGE_SOURCES = (
    *(ROOT / "api_service" / folder for folder in ("static", "templates")),
    *(ROOT / "deploy" / folder for folder in ("pages", "widget")),
)

# The browser's part of each npm package: modules that import nothing but their neighbours.
BROWSER_FILES = {
    "media-chrome": ("dist", "*.js", ("cjs", "iife", "react")),
    "hls.js": ("dist", "hls*.min.mjs", ()),
    "shaka-player": ("dist", "shaka-player.dash-es2021.js", ()),
}


class CannotSetUp(Exception):
    """Something is missing that this script may not, or cannot, bring; the text says what to do."""


def main() -> int:
    """Do every step that is not done yet; print what went wrong in a few lines and return the exit code."""
    parser = argparse.ArgumentParser(description="Set up this machine and this folder for Movie Together.")
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument("--tests", action="store_true", help="also what the tests need: browsers, fonts, ffmpeg …")
    wanted.add_argument("--unit", action="store_true", help="no PostgreSQL, Redis and RabbitMQ: for the unit tests")
    arguments = parser.parse_args()
    try:
        require_python()
        install_debian_packages(missing_packages(tests=arguments.tests, servers=not arguments.unit))
        install_python_packages()
        for folder in (ROOT, ROOT / "deploy" / "neighbours" / "identity"):
            install_npm_packages(folder)
        copy_assets()
        bundle_widget()
        bundle_pages()
        compile_translations()
        compile_fan_out()
    except CannotSetUp as error:
        print(f"\nMovie Together cannot be set up: {error}", file=sys.stderr)
        return 1
    return 0


def require_python() -> None:
    """Refuse a Python that is too old."""
    if sys.version_info < OLDEST_PYTHON:
        wanted, found = (".".join(map(str, version)) for version in (OLDEST_PYTHON, sys.version_info[:3]))
        raise CannotSetUp(
            f"Python {wanted} or newer is needed, and {sys.executable} is {found}. "
            f"Name another one: make PYTHON=/path/to/python{wanted} …"
        )


# --- Debian's packages


def missing_packages(*, tests: bool, servers: bool = True) -> "list[str]":
    """Return Debian's names of what this machine lacks."""
    there: dict[str, object] = {
        # Debian's python3 comes without pip, and with a `venv` that cannot make one.
        "python3-venv": importlib.util.find_spec("ensurepip") or _works(VENV / "bin" / "python"),
        "tzdata": Path("/usr/share/zoneinfo/Europe/Moscow").exists(),
        "gcc": shutil.which("cc"),
        "libc6-dev": Path("/usr/include/stdlib.h").exists(),
    }
    if servers:
        # With which the service draws the pictures of rooms' links.
        there["fonts-dejavu-core"] = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").exists()
        there["postgresql"] = list(Path("/usr/lib/postgresql").glob("*/bin/postgres")) or shutil.which("initdb")
        there["redis-server"] = shutil.which("redis-server")
        there["rabbitmq-server"] = Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists() or _which("rabbitmq-server")
    if tests:
        # What sets the clock of a Redis while it runs.
        there["faketime"] = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        there["chromium"] = shutil.which("chromium")
        there["firefox-esr"] = shutil.which("firefox-esr")
        # With which the browsers draw reactions: without it pictures of the pages show empty boxes.
        there["fonts-noto-color-emoji"] = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf").exists()
        # What makes films of every kind.
        there["ffmpeg"] = shutil.which("ffmpeg")
    return [name for name, found in there.items() if not found]


def _which(program: str) -> "str | None":
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def install_debian_packages(names: "list[str]") -> None:
    """Install packages with apt-get where we may, else say which command does it. Their services are not started."""
    if not names:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    by_hand = f"as root: apt-get update && {' '.join(command)}"
    if not shutil.which("apt-get"):
        raise CannotSetUp(f"this machine lacks {', '.join(names)} (Debian's names); please install them")
    as_root = _root_prefix()
    if as_root is None:
        raise CannotSetUp(f"this machine lacks {', '.join(names)}. Please run, {by_hand}")
    with _Step(f"Debian packages: {', '.join(names)}"), _ServicesHeldBack(as_root):
        quiet = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive"]
        _run([*quiet, "apt-get", "update", "-qq"])
        _run([*quiet, *command, "-qq", "-o", "Dpkg::Use-Pty=0"])


def _root_prefix() -> "list[str] | None":
    """Return what makes a command run as root: nothing, sudo where it asks for no password, or None."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


class _ServicesHeldBack:
    """Keeps Debian from starting the servers that it installs: we start private ones (see invoke-rc.d(8))."""

    POLICY = "/usr/sbin/policy-rc.d"

    def __init__(self, as_root: "list[str]") -> None:
        self._as_root = as_root
        self._ours = not os.path.lexists(self.POLICY)

    def __enter__(self) -> None:
        if self._ours:
            script = f"printf '#!/bin/sh\\nexit 101\\n' > {self.POLICY} && chmod 755 {self.POLICY}"
            _run([*self._as_root, "sh", "-c", script])

    def __exit__(self, *_: object) -> None:
        if self._ours:
            _run([*self._as_root, "rm", "-f", self.POLICY])


# --- packages of Python and npm


def install_python_packages() -> None:
    """Make `.venv` with exactly the locked packages, each checked by its hash."""
    lock = ROOT / "requirements-dev.lock"
    stamp = VENV / "movie-together.stamp"
    wanted = _hash(lock.read_bytes(), sys.version.encode())
    if _reads(stamp, wanted):
        return
    with _Step("Python packages (.venv)"):
        python = VENV / "bin" / "python"
        if not _works(python):
            if VENV.is_symlink():  # `venv --clear` would empty what it leads to, which others may use, and then give up
                raise CannotSetUp(f"{VENV} leads to {VENV.resolve()}, which is no environment of {sys.executable}")
            _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install"]
        # Most modules are never imported: each is compiled when it is, not all of them now (a quarter of the CPU time).
        _run([*pip, "--no-compile", "--require-hashes", "--requirement", str(lock)])
        stamp.write_text(wanted)


def _works(python: Path) -> bool:
    """Return whether the environment's Python starts and comes from the one that runs this; an update can break it."""
    if not python.exists():
        return False
    ask = [str(python), "-c", "import pip, sys; print(*sys.version_info[:2], sys.base_prefix)"]
    answer = subprocess.run(ask, capture_output=True, text=True, check=False)
    ours = " ".join([*map(str, sys.version_info[:2]), sys.base_prefix])
    return answer.returncode == 0 and answer.stdout.strip() == ours


def install_npm_packages(folder: Path) -> None:
    """Make `node_modules` in `folder` with exactly the locked packages, by the npm of the virtual environment."""
    lock = folder / "package-lock.json"
    if not lock.exists():
        return
    stamp = folder / "node_modules" / "movie-together.stamp"
    wanted = _hash(lock.read_bytes())
    if _reads(stamp, wanted):
        return
    with _Step(f"npm packages ({folder.relative_to(ROOT) / 'node_modules'})"):
        _run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, env=_node_environment())
        stamp.write_text(wanted)


def _node_environment() -> "dict[str, str]":
    """Return the environment in which `node` and `npm` are those of the virtual environment, where there is one."""
    return {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


# --- what the site serves


def copy_assets() -> None:
    """Copy the browser's files of the npm packages to `build/assets`, one folder a package."""
    stamp = ASSETS / "movie-together.stamp"
    wanted = _hash((ROOT / "package-lock.json").read_bytes(), Path(__file__).read_bytes())
    if _reads(stamp, wanted):
        return
    with _Step("files for the browser (build/assets)"):
        shutil.rmtree(ASSETS, ignore_errors=True)
        for package, (folder, pattern, left_out) in BROWSER_FILES.items():
            source = ROOT / "node_modules" / package / folder
            for file in source.rglob(pattern):
                path = file.relative_to(source)
                if path.parts[0] not in left_out:
                    (ASSETS / package / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, ASSETS / package / path)
        # media-chrome is in the pages' bundles.
        whole = [str(ASSETS / package) for package in BROWSER_FILES if package != "media-chrome"]
        _run(["node", str(ROOT / "deploy" / "pages" / "precompress.mjs"), *whole], env=_node_environment())
        stamp.write_text(wanted)


def bundle_widget() -> None:
    """Bundle the player widget to `build/assets/widget/v1`, anew when a source, the build or an npm package changed."""
    folder = ASSETS / "widget" / "v1"
    build = ROOT / "deploy" / "widget" / "build.mjs"
    _bundle("the player widget", [str(build), "v1"], WIDGET_SOURCES, folder, folder.parent / "movie-together.stamp")


def bundle_pages() -> None:
    """Bundle the pages' scripts and styles to `build/assets/pages`, anew when any of what they are made of changed."""
    build = ROOT / "deploy" / "pages" / "build.mjs"
    _bundle("the pages' files", [str(build)], PAGE_SOURCES, ASSETS / "pages", ASSETS / "pages.stamp")


def _bundle(what: str, script: "list[str]", places: "tuple[Path, ...]", folder: Path, stamp: Path) -> None:
    sources = sorted(file for place in places for file in place.rglob("*") if file.is_file())
    wanted = _hash((ROOT / "package-lock.json").read_bytes(), *(part for file in sources for part in _named(file)))
    if _reads(stamp, wanted):
        return
    with _Step(f"{what} ({folder.relative_to(ROOT)})"):
        made = folder.with_name(f"{folder.name}.new")
        _run(["node", *script, str(made)], env=_node_environment())
        _take_over(folder, made)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
        stamp.write_text(wanted)


def _take_over(earlier: Path, made: Path) -> None:
    """Keep what an earlier build made: a service that runs, and a page that is open, still ask for its files."""
    for file in earlier.glob("*-*.*"):
        if not (made / file.name).exists() and time.time() - file.stat().st_mtime < KEPT_S:
            shutil.copy2(file, made / file.name)


def _named(file: Path) -> "tuple[bytes, bytes]":
    return str(file.relative_to(ROOT)).encode(), file.read_bytes()


def compile_translations() -> None:
    """Compile each catalogue (.po) that is newer than its compiled form (.mo)."""
    catalogues = sorted((ROOT / "api_service" / "locales").rglob("*.po"))
    stale = [po for po in catalogues if not _newer(po.with_suffix(".mo"), po)]
    if not stale:
        return
    with _Step(f"translations ({len(stale)})"):
        for po in stale:
            arguments = ["--input-file", str(po), "--output-file", str(po.with_suffix(".mo"))]
            _run([str(VENV / "bin" / "pybabel"), "--quiet", "compile", *arguments])


# --- what sync_service calls


def compile_fan_out() -> None:
    """Compile the one loop that is written in C, if it is newer than its compiled form (build/fan_out.so)."""
    source, library = ROOT / "sync_service" / "delivery" / "fan_out.c", ROOT / "build" / "fan_out.so"
    if _newer(library, source):
        return
    with _Step("the fan-out (build/fan_out.so)"):
        library.parent.mkdir(exist_ok=True)
        made = library.with_suffix(".new")  # what runs keeps the file that it has loaded
        _run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(made), str(source)])
        made.replace(library)


def _newer(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime >= source.stat().st_mtime


# --- small parts


class _Step:
    """Prints what is being done, and how long it took."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = time.monotonic()

    def __enter__(self) -> None:
        print(f"setup: {self._what} …", flush=True)

    def __exit__(self, error: object, *_: object) -> None:
        if error is None:
            print(f"setup: {self._what}: done in {time.monotonic() - self._began:.1f} s", flush=True)


def _run(command: "list[str]", cwd: Path = ROOT, env: "dict[str, str] | None" = None) -> None:
    """Run a command quietly; if it fails, raise CannotSetUp with the end of its output."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            command, cwd=str(cwd), env=env, check=False, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        if done.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").splitlines()[-SAID_LINES:]
            raise CannotSetUp(f"`{' '.join(command)}` ended with code {done.returncode}:\n" + "\n".join(lines))


def _hash(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _reads(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


if __name__ == "__main__":
    sys.exit(main())
