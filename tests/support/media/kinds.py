"""Films of every kind that a cinema may have, short and small, made with ffmpeg and kept in build/media."""

from __future__ import annotations

import base64
import hashlib
import inspect
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.media.protection import protect

ROOT: Final = Path(__file__).parents[3]
MADE: Final = ROOT / "build" / "media"

FILM_S: Final = 40
LIVE_S: Final = 150  # longer than any test of it
SEGMENT_S: Final = 2
PART_S: Final = 0.5
# ClearKey: key and key id as hexadecimal digits, as the page and ffmpeg both take them.
KEY_ID: Final = "a7e61c373e219033c21091fa607bf3b8"
KEY: Final = "76a6c65c5ea762046bd749a2e632ccbb"

H264: Final = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
AAC: Final = ("-c:a", "aac", "-b:a", "48k")


@dataclass(frozen=True)
class Kind:
    """One kind of film: what makes it in a folder, and the file that a player opens."""

    name: str
    make: Callable[[Path], None]
    entry: str = "film.mp4"
    # The server shows a playlist as if its segments were still coming: "event", "sliding" or "parts" (low latency).
    live: str | None = None
    encrypted: bool = False

    def folder(self) -> Path:
        """Return the folder with the film; it is made if what makes it has changed since."""
        recipe = inspect.getsource(inspect.getmodule(self.make))  # type: ignore[arg-type]
        folder = MADE / hashlib.sha256(recipe.encode()).hexdigest()[:12] / self.name
        if not folder.exists():
            MADE.mkdir(parents=True, exist_ok=True)
            folder.parent.mkdir(exist_ok=True)
            making = Path(tempfile.mkdtemp(dir=MADE, prefix="making-"))
            self.make(making)
            try:
                making.rename(folder)
            except OSError:  # another run made it meanwhile
                shutil.rmtree(making)
        return folder


def encode(
    folder: Path,
    *output: str,
    rate: str = "25",
    seconds: float = FILM_S,
    sound: float | None = None,
    gop: int = 50,
    video: tuple[str, ...] = H264,
    audio: tuple[str, ...] = AAC,
) -> None:
    """Encode a moving picture with a tone; ``output`` is the rest of ffmpeg's arguments."""
    picture = f"testsrc2=size=192x108:rate={rate}:duration={seconds}"
    tone = f"sine=frequency=330:duration={seconds if sound is None else sound}"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone)
    ffmpeg(folder, *inputs, *video, "-g", str(gop), *audio, *output)


def ffmpeg(folder: Path, *arguments: str) -> None:
    """Run ffmpeg in a folder."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")


def mp4(*output: str, moov_first: bool = True, **options: object) -> Callable[[Path], None]:
    """Return what makes one MP4."""
    flags = ("-movflags", "+faststart") if moov_first else ()
    return lambda folder: encode(folder, *output, *flags, "film.mp4", **options)  # type: ignore[arg-type]


def edit_list(folder: Path) -> None:
    """Cut a film between two key frames without encoding it anew: an edit list hides what comes before the cut."""
    encode(folder, "whole.mp4", seconds=FILM_S + 2)
    ffmpeg(folder, "-ss", "1.3", "-i", "whole.mp4", "-c", "copy", "-movflags", "+faststart", "film.mp4")
    (folder / "whole.mp4").unlink()


def webm(video: tuple[str, ...]) -> Callable[[Path], None]:
    """Return what makes one WebM."""
    return lambda folder: encode(folder, "film.webm", video=video, audio=("-c:a", "libopus", "-b:a", "48k"))


def hls(*output: str, fmp4: bool = False, segment_s: float = SEGMENT_S, **options: object) -> Callable[[Path], None]:
    """Return what makes one HLS stream."""
    segments = ("-hls_segment_type", "fmp4") if fmp4 else ()
    length = ("-f", "hls", "-hls_time", str(segment_s), "-hls_playlist_type", "vod")
    gop = ("-sc_threshold", "0", "-force_key_frames", f"expr:gte(t,n_forced*{segment_s})")
    return lambda folder: encode(folder, *gop, *length, *segments, *output, "film.m3u8", **options)  # type: ignore[arg-type]


def hls_discontinuous(*, fmp4: bool) -> Callable[[Path], None]:
    """Return what joins two streams whose time stamps both begin at 0, as where an advertisement was put in."""

    def make(folder: Path) -> None:
        lines: list[str] = []
        for part in ("a", "b"):
            (folder / part).mkdir()
            hls(fmp4=fmp4, seconds=FILM_S / 2)(folder / part)
            playlist = (folder / part / "film.m3u8").read_text().splitlines()
            body = [line for line in playlist if line.startswith(("#EXTINF", "#EXT-X-MAP")) or not line.startswith("#")]
            body = [line.replace('URI="', f'URI="{part}/') for line in body]
            lines += ["#EXT-X-DISCONTINUITY"] if lines else []
            lines += [line if line.startswith("#") else f"{part}/{line}" for line in body]
        head = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:4", "#EXT-X-PLAYLIST-TYPE:VOD"]
        (folder / "film.m3u8").write_text("\n".join([*head, *lines, "#EXT-X-ENDLIST", ""]))

    return make


def hls_sound_apart(folder: Path) -> None:
    """Make picture and sound as two renditions."""
    for name, arguments in (("picture", ("-map", "0:v")), ("sound", ("-map", "1:a"))):
        (folder / name).mkdir()
        hls(*arguments)(folder / name)
    group = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="ru",DEFAULT=YES,AUTOSELECT=YES,URI="sound/film.m3u8"'
    _master(folder, group, 'AUDIO="sound"', "picture/film.m3u8")


def hls_subtitles(folder: Path) -> None:
    """Add WebVTT subtitles."""
    hls()(folder)
    (folder / "film.m3u8").rename(folder / "picture.m3u8")
    (folder / "words.vtt").write_text(
        "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:126000\n\n00:01.000 --> 00:09.000\nHello\n"
    )
    (folder / "words.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:{FILM_S}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:{FILM_S},\nwords.vtt\n#EXT-X-ENDLIST\n"
    )
    group = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="words",NAME="en",DEFAULT=YES,AUTOSELECT=YES,URI="words.m3u8"'
    _master(folder, group, 'SUBTITLES="words"', "picture.m3u8")


def _master(folder: Path, group: str, attribute: str, playlist: str) -> None:
    stream = f'#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS="avc1.64000c,mp4a.40.2",{attribute}'
    (folder / "film.m3u8").write_text(f"#EXTM3U\n#EXT-X-VERSION:4\n{group}\n{stream}\n{playlist}\n")


def hls_start(folder: Path) -> None:
    """Make a stream that asks players to begin in its middle."""
    hls()(folder)
    playlist = folder / "film.m3u8"
    begin, rest = playlist.read_text().split("\n", 1)
    playlist.write_text(f"{begin}\n#EXT-X-START:TIME-OFFSET=20\n{rest}")


def hls_encrypted(folder: Path) -> None:
    """Encrypt every segment with AES-128."""
    (folder / "film.key").write_bytes(bytes(range(16)))
    (folder / "key.txt").write_text("film.key\nfilm.key\n")
    hls("-hls_key_info_file", "key.txt")(folder)


def dash(*output: str, seconds: float = FILM_S) -> Callable[[Path], None]:
    """Return what makes one DASH stream."""
    keys = ("-sc_threshold", "0", "-keyint_min", "50")
    template = ("-f", "dash", "-seg_duration", str(SEGMENT_S), "-use_template", "1")
    return lambda folder: encode(folder, *keys, *template, *output, "film.mpd", seconds=seconds)


def clear_key(folder: Path) -> None:
    """Make a stream as DASH and as HLS whose segments are encrypted (common encryption) with a key of the page."""
    keys = ("-sc_threshold", "0", "-keyint_min", "50")
    encode(folder, *keys, "-f", "dash", "-seg_duration", str(SEGMENT_S), "-hls_playlist", "1", "film.mpd")
    for number, file in enumerate(sorted(folder.glob("*.m4s"))):
        secret = bytes.fromhex(KEY), bytes.fromhex(KEY_ID)
        file.write_bytes(protect(file.read_bytes(), *secret, first_iv=number << 32, picture="stream0" in file.name))
    grouped = "-".join((KEY_ID[:8], KEY_ID[8:12], KEY_ID[12:16], KEY_ID[16:20], KEY_ID[20:]))
    protection = (
        '<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" '
        f'xmlns:cenc="urn:mpeg:cenc:2013" cenc:default_KID="{grouped}"/>'
        '<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0"/>'
    )
    manifest = folder / "film.mpd"
    manifest.write_text(manifest.read_text().replace("<Representation", f"{protection}<Representation"))
    key_id = base64.b64encode(bytes.fromhex(KEY_ID)).decode()
    key = f'#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,KEYFORMAT="org.w3.clearkey",KEYID=0x{KEY_ID},URI="data:;base64,{key_id}"'
    for playlist in folder.glob("media_*.m3u8"):
        playlist.write_text(playlist.read_text().replace("#EXT-X-MAP", f"{key}\n#EXT-X-MAP"))
    (folder / "master.m3u8").rename(folder / "film.m3u8")


VP9: Final = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "200k")
AV1: Final = ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p")
UNEVEN: Final = "select='not(mod(n,7))+not(mod(n,3))'"  # frames 40 to 120 ms apart

KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("mp4", mp4()),
        Kind("mp4-moov-last", mp4(moov_first=False)),
        Kind("mp4-variable-rate", mp4("-vf", UNEVEN, "-vsync", "vfr")),
        Kind("mp4-edit-list", edit_list),
        Kind("mp4-23.976", mp4(rate="24000/1001")),
        Kind("mp4-59.94", mp4(rate="60000/1001")),
        Kind("mp4-long-gop", mp4("-sc_threshold", "0", gop=250)),
        Kind("mp4-sound-longer", mp4(sound=FILM_S + 5)),
        Kind("mp4-sound-shorter", mp4(sound=FILM_S - 10)),
        Kind("webm-vp9", webm(VP9), "film.webm"),
        Kind("mp4-av1", mp4(video=AV1)),
        Kind("hls-ts", hls(), "film.m3u8"),
        Kind("hls-fmp4", hls(fmp4=True), "film.m3u8"),
        Kind("hls-ts-discontinuous", hls_discontinuous(fmp4=False), "film.m3u8"),
        Kind("hls-fmp4-discontinuous", hls_discontinuous(fmp4=True), "film.m3u8"),
        Kind("hls-sound-apart", hls_sound_apart, "film.m3u8"),
        Kind("hls-webvtt", hls_subtitles, "film.m3u8"),
        Kind("hls-start-offset", hls_start, "film.m3u8"),
        Kind("hls-byte-ranges", hls("-hls_flags", "single_file"), "film.m3u8"),
        Kind("hls-aes-128", hls_encrypted, "film.m3u8"),
        Kind("hls-event", hls(), "film.m3u8", live="event"),
        Kind("hls-sliding", hls(seconds=LIVE_S), "film.m3u8", live="sliding"),
        Kind("hls-low-latency", hls(fmp4=True, segment_s=PART_S, gop=12, seconds=LIVE_S), "film.m3u8", live="parts"),
        Kind("dash", dash(), "film.mpd"),
        Kind("dash-live", dash("-use_timeline", "0", seconds=LIVE_S), "film.mpd", live="sliding"),
        Kind("clearkey", clear_key, "film.mpd", encrypted=True),
    )
}
