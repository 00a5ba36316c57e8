"""Makes the demo films and posters of `films.json` anew: `python -m deploy.demo.make_media [slug …]`.

The results are committed; this is only needed to change them. Needs ffmpeg with librsvg, libx264 and libwebp, and the
fonts EB Garamond and DejaVu (see DEBIAN_PACKAGES). Takes some minutes per film.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deploy.demo.art.films import REELS, Reel
from deploy.demo.art.paper import Canvas, Palette, rect

HERE = Path(__file__).parent
MEDIA = HERE / "media"
FRAME = Canvas(960, 540)
POSTER = Canvas(600, 900)
FRAMES_PER_S = 24
KEYFRAME_EVERY = 2 * FRAMES_PER_S
AUDIO_BITS_PER_S = 14_000
FILM_BYTES = 840_000  # sound and picture; the container adds about 6 %
SERIF, MONO = "EB Garamond", "DejaVu Sans Mono:bold"
DEBIAN_PACKAGES = "ffmpeg fontconfig fonts-ebgaramond fonts-dejavu-core"


def main(slugs: list[str]) -> None:
    """Makes the films named, or all."""
    if shutil.which("ffmpeg") is None:
        sys.exit(f"ffmpeg is missing: apt-get install {DEBIAN_PACKAGES}")
    films = {film["slug"]: film for film in json.loads((HERE / "films.json").read_text())}
    for slug in slugs or films:
        with tempfile.TemporaryDirectory() as folder:
            poster(films[slug], REELS[slug], Path(folder))
            film(films[slug], REELS[slug], Path(folder))
        size = sum(file.stat().st_size for file in MEDIA.rglob("*") if slug in str(file) and file.is_file())
        print(f"{slug}: {size} bytes")


def film(facts: dict[str, Any], reel: Reel, folder: Path) -> None:
    """Draws the shots, joins them under title and timecode, and encodes for the size."""
    length_s = facts["duration_ms"] / 1000
    shot_s = length_s / len(reel.shots)
    takes = [shot(reel, palette, i * shot_s, shot_s, folder / f"shot{i}.mkv") for i, palette in enumerate(reel.shots)]
    (folder / "takes.txt").write_text("".join(f"file '{take}'\n" for take in takes))
    bits_per_s = int(FILM_BYTES * 8 / length_s) - AUDIO_BITS_PER_S
    # Digits that change with each frame are the first to smear when bits are few: the encoder favours their corner.
    finish = f"scale=-2:{reel.height}:flags=lanczos,format=yuv420p,addroi=iw*0.75:0:iw*0.25:ih*0.13:-0.2"
    picture = [
        *("-f", "concat", "-safe", "0", "-i", str(folder / "takes.txt")),
        *("-f", "lavfi", "-i", f"aevalsrc=exprs='{sound(reel)}':s=16000:d={length_s}"),
        *("-vf", f"{captions(facts, length_s, folder)},{finish}", "-r", str(FRAMES_PER_S), "-t", str(length_s)),
        *("-c:v", "libx264", "-preset", "veryslow", "-tune", "animation", "-profile:v", "high", "-level", "3.1"),
        *("-g", str(KEYFRAME_EVERY), "-keyint_min", str(KEYFRAME_EVERY), "-sc_threshold", "0"),
        *("-b:v", str(bits_per_s), "-passlogfile", str(folder / "pass"), "-threads", "2"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-map_metadata", "-1"),
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
    ]
    ffmpeg(*picture, "-pass", "1", "-an", "-f", "null", "-")
    audio = ("-c:a", "aac", "-b:a", str(AUDIO_BITS_PER_S), "-ac", "1")
    target = MEDIA / facts["media"]
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".m3u8":
        pieces = ("-hls_time", "10", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4")
        names = ("-hls_segment_filename", str(target.parent / "part%02d.m4s"))
        ffmpeg(*picture, "-pass", "2", *audio, "-f", "hls", *pieces, *names, str(target))
    else:
        ffmpeg(*picture, "-pass", "2", *audio, "-movflags", "+faststart", str(target))


def shot(reel: Reel, palette: Palette, from_s: float, length_s: float, target: Path) -> Path:
    """Slides the sheets of one shot over each other, without loss."""
    layers = reel.scene(FRAME, palette)
    inputs: list[str] = []
    graph = []
    for i, layer in enumerate(layers):
        drawing = target.with_suffix(f".{i}.svg")
        drawing.write_text(svg(layer.width, layer.height, layer.drawing))
        inputs += ["-framerate", str(FRAMES_PER_S), "-i", str(drawing)]
        # The scene's time goes on from shot to shot: a cut changes the light, not the place.
        turn = f",rotate='{layer.turn}':c=none" if layer.turn else ""
        # librsvg multiplies by alpha, which ffmpeg 5's overlay gets wrong in RGB: undone once, before the loop.
        once = "format=gbrap,unpremultiply=inplace=1,scale=out_color_matrix=bt709:out_range=tv,format=yuva444p"
        graph.append(f"[{i}]{once},loop=-1:1:0,setpts=PTS+{from_s}/TB{turn}[sheet{i}]")
    graph.append("[sheet0]format=yuv444p[stack0]")
    for i, layer in enumerate(layers[1:], 1):
        graph.append(f"[stack{i - 1}][sheet{i}]overlay=x='{layer.x}':y='{layer.y}':format=yuv444[stack{i}]")
    graph.append(f"[stack{len(layers) - 1}]setpts=PTS-STARTPTS[picture]")
    ffmpeg(
        *inputs,
        *("-filter_complex", ";".join(graph), "-map", "[picture]", "-t", str(length_s)),
        *("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", str(target)),
    )
    return target


def captions(facts: dict[str, Any], length_s: float, folder: Path) -> str:
    """The opening title, the running title and timecode (minutes:seconds:frames), and the end."""

    def text(name: str, words: str, face: str, **options: object) -> str:
        # From a file: titles may hold what the filter syntax would take for its own.
        (folder / name).write_text(words)
        settings = ":".join(f"{key}={value}" for key, value in options.items())
        return f"drawtext=textfile={folder / name}:expansion=none:fontcolor=white:fontfile={font(face)}:{settings}"

    def shown(start: float, end: float) -> str:
        return f"'clip(min((t-{start})/0.8,({end}-t)/0.8),0,1)'"

    def dimmed(start: float, end: float) -> str:
        return f"drawbox=color=black@0.45:t=fill:enable='between(t,{start},{end})'"

    centre, title, ending = "(w-text_w)/2", facts["title"], length_s - 5
    digits = ("trunc((t+0.001)/60)", "mod(trunc(t+0.001),60)", f"mod(n,{FRAMES_PER_S})")
    clock = "\\:".join(f"%{{eif\\:{value}\\:d\\:2}}" for value in digits)
    running = (
        f"drawtext=fontfile={font(MONO)}:fontsize=30:fontcolor=white:x=w-text_w-28:y=25"
        f":box=1:boxcolor=black@0.35:boxborderw=9:text='{clock}'"
    )
    return ",".join(
        (
            dimmed(0, 5),
            text("ru", title["ru"], SERIF, fontsize=64, x=centre, y=196, alpha=shown(0.2, 5)),
            text("en", title["en"], f"{SERIF}:italic", fontsize=34, x=centre, y=284, alpha=shown(0.8, 5)),
            text("small", title["ru"], SERIF, fontsize=28, x=30, y=24, alpha=shown(5.5, ending)),
            dimmed(ending, length_s),
            text("end", "Конец · The End", SERIF, fontsize=60, x=centre, y=226, alpha=shown(ending, length_s)),
            running,
        )
    )


def font(face: str) -> str:
    """The file of a font; exits naming it if fontconfig knows only others."""
    found = subprocess.run(["fc-match", "-f", "%{file}|%{family}", face], check=True, capture_output=True, text=True)
    file, family = found.stdout.split("|")
    if face.split(":")[0] not in family:
        sys.exit(f"the font {face} is missing: apt-get install {DEBIAN_PACKAGES}")
    return file


def sound(reel: Reel) -> str:
    """Two chords that breathe in turn, a soft tick on each second and a bell on each tenth, as an expression of `t`."""

    def chord(tones: tuple[float, ...], beat: float) -> str:
        voices = "+".join(
            f"sin(2*PI*{tone}*t)/{1 + i}+0.5*sin(2*PI*{tone * 1.003:.3f}*t)" for i, tone in enumerate(tones)
        )
        return f"0.035*({voices})*pow(max(0,sin(PI*(t-{beat})/8)),2)"

    tick = "0.16*exp(-55*mod(t,1))*sin(2*PI*1320*mod(t,1))"
    bell = "0.14*exp(-3*mod(t,10))*(sin(2*PI*660*mod(t,10))+0.4*sin(2*PI*1650*mod(t,10)))"
    return f"{chord(reel.chords[0], 0)}+{chord(reel.chords[1], 8)}+{tick}+{bell}"


def poster(facts: dict[str, Any], reel: Reel, folder: Path) -> None:
    """The first shot's scene, upright; its title stands beside it wherever it is shown."""
    scene = Canvas(POSTER.width, 780)
    ground = rect(0, scene.height, POSTER.width, POSTER.height, reel.shots[0].paper[3])
    sheets = "".join(
        f'<g transform="translate({layer.still[0]:.0f} {layer.still[1]:.0f})">{layer.drawing}</g>'
        for layer in reel.scene(scene, reel.shots[0])
    )
    shade = (
        '<defs><linearGradient id="shade" x2="0" y2="1"><stop offset="0" stop-opacity="0"/>'
        '<stop offset="1" stop-opacity="0.5"/></linearGradient></defs>'
        f'<rect y="{POSTER.y(0.66):.0f}" width="100%" height="{POSTER.y(0.34):.0f}" fill="url(#shade)"/>'
    )
    drawing = folder / "poster.svg"
    drawing.write_text(svg(POSTER.width, POSTER.height, ground + sheets + shade))
    ffmpeg("-i", str(drawing), "-c:v", "libwebp", "-quality", "84", "-preset", "drawing", str(MEDIA / facts["poster"]))


def svg(width: int, height: int, drawing: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">{drawing}</svg>'


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
