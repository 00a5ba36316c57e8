"""Copies what pages load from npm packages: `python copy_assets.py node_modules build/assets`."""

import shutil
import sys
from pathlib import Path

# Package -> the modules that a page may load, within the package's `dist`.
WANTED = {"hls.js": ("hls.min.mjs",), "media-chrome": ("**/*.js",)}


def main(packages: Path, target: Path) -> None:
    """Copy each wanted file to `target/<package>/`, beside its package's licence."""
    for package, patterns in WANTED.items():
        dist = packages / package / "dist"
        for file in [file for pattern in patterns for file in dist.glob(pattern)]:
            place = target / package / file.relative_to(dist)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
        shutil.copyfile(packages / package / "LICENSE", target / package / "LICENSE")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
