"""A film of which each viewer may choose: two qualities, sound in two languages, captions in two."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.support.media.kinds import Kind, hls

LENGTH_S: Final = 120  # who chooses takes their time
# By folder: the picture's size and the bit rate that the playlist tells.
QUALITIES: Final = {"low": ("640x360", 200_000), "high": ("1280x720", 900_000)}
LANGUAGES: Final = {"ru": "Русский", "en": "English"}
TEXTS: Final = {"ru": "Привет", "en": "Hello"}  # of the captions, all the time


def _make(folder: Path) -> None:
    lines = ["#EXTM3U", "#EXT-X-VERSION:4"]
    for language, name in LANGUAGES.items():
        _inside(folder / f"sound-{language}", "-map", "1:a")
        chosen = "YES" if language == "ru" else "NO"
        named = f'NAME="{name}",LANGUAGE="{language}"'
        lines.append(
            f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",{named},DEFAULT={chosen},AUTOSELECT=YES,URI="sound-{language}/film.m3u8"'
        )
        _captions(folder, language)
        lines.append(
            f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",{named},DEFAULT=NO,AUTOSELECT=YES,URI="words-{language}.m3u8"'
        )
    for name, (size, bits) in QUALITIES.items():
        _inside(folder / name, "-map", "0:v", "-vf", f"scale={size.replace('x', ':')}")
        codecs = 'CODECS="avc1.64001f,mp4a.40.2",AUDIO="sound",SUBTITLES="words"'
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={bits},RESOLUTION={size},{codecs}", f"{name}/film.m3u8"]
    (folder / "film.m3u8").write_text("\n".join([*lines, ""]))


def _inside(folder: Path, *output: str) -> None:
    folder.mkdir()
    hls(*output, rate="5", seconds=LENGTH_S)(folder)


def _captions(folder: Path, language: str) -> None:
    head = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:126000\n"
    (folder / f"words-{language}.vtt").write_text(f"{head}\n00:00.000 --> 02:00.000\n{TEXTS[language]}\n")
    (folder / f"words-{language}.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:{LENGTH_S}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        f"#EXTINF:{LENGTH_S},\nwords-{language}.vtt\n#EXT-X-ENDLIST\n"
    )


CHOICES: Final = Kind("hls-choices", _make, "film.m3u8")
