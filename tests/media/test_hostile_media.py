"""What strangers send as recordings, music and clips: it leads nowhere and fits into memory."""

import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import RowError
from tasks.deliverables import sound_mix
from tasks.deliverables.sound_mix import measured_music
from tasks.errors import FfmpegError
from tasks.processes.ffmpeg import confined, ffmpeg_path, run_ffmpeg
from tasks.screen.brand import clips
from tasks.screen.brand.clips import ClipError, check_clip
from tasks.speech.recordings.sound_header import read_sound_header
from tests.unit.served import Answer, Served

pytestmark = pytest.mark.media


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody else's, in another folder, in a kind that playlists can name."""
    path = tmp_path_factory.mktemp("private") / "film.ts"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=2:r=25", "-f", "lavfi", "-i", "sine=d=2"]
    run_ffmpeg([*source, "-c:v", "libx264", "-c:a", "aac", str(path)], timeout_s=60)
    assert check_clip(path).num_frames == 50
    return path


@pytest.fixture
def web(film: Path) -> Iterator[Served]:
    served = Served()
    served.start()
    served.routes["/film.ts"] = Answer(body=film.read_bytes())
    yield served
    served.end()


def hls(address: str) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n"


def dash(address: str) -> str:
    return f"""<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S">
<Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" bandwidth="1">
<BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>"""


def svg(address: str) -> str:
    link = f'<image xlink:href="{address}" width="64" height="64"/>'
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {space} width="64" height="64">{link}</svg>'


DISGUISES = {
    "playlist": hls,
    "playlist behind a tag": lambda address: "ID3\4\0\0\0\0\0\0" + hls(address),
    "list of parts": lambda address: f"ffconcat version 1.0\nfile {address}\nduration 2\n",
    "manifest of a stream": dash,
    "drawing": svg,
    "session": lambda _: "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 33\n",
    "script": lambda address: f'AVISource("{address}")\n',
}


@pytest.mark.parametrize(
    "suffix", ["m3u8", *(pytest.param(name, marks=pytest.mark.sweep) for name in ("mp4", "wav"))]
)
@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("place", ["file", "beside", "web"])
def test_no_file_leads_to_another_one_or_to_a_network(
    tmp_path: Path, film: Path, web: Served, disguise: str, suffix: str, place: str
):
    beside = tmp_path / "beside.ts"
    beside.write_bytes(film.read_bytes())
    addresses = {"file": str(film), "beside": beside.name}
    address = addresses.get(place, f"http://127.0.0.1:{web.server.server_port}/film.ts")
    path = tmp_path / f"stranger.{suffix}"
    path.write_text(DISGUISES[disguise](address))

    with pytest.raises(ClipError, match=r"no video that can be read|does not say how long"):
        check_clip(path)
    assert read_sound_header(path) is None
    with pytest.raises(RowError, match=r"music stranger\.\w+ cannot be read"):
        measured_music(path, (0,))
    assert web.asked == []


def test_an_input_of_our_own_is_read_as_the_format_that_is_told():
    args = ["-f", "concat", "-safe", "0", "-i", "list", "-i", "sound", "-c", "copy", "-f", "mp4"]
    made = confined(args)
    protocols = ["-protocol_whitelist", "file,pipe"]
    assert made[:8] == ["-f", "concat", "-safe", "0", *protocols, "-i", "list"]
    assert made[8:11] == [*protocols, "-format_whitelist"]
    assert made[12:] == ["-i", "sound", "-c", "copy", "-f", "mp4"]


def test_ffmpeg_itself_opens_no_network(web: Served):
    with pytest.raises(FfmpegError):
        address = f"http://127.0.0.1:{web.server.server_port}/film.ts"
        run_ffmpeg(["-i", address, "-f", "null", "-"], timeout_s=60)
    assert web.asked == []


# --- memory and time ----------------------------------------------------------------------------


def png_of(side: int) -> bytes:
    """All black: a million pixels are three kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 + 3 * side)) for _ in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def avi_of(frames: list[bytes], side: int) -> bytes:
    """PNG pictures as a film of one second, whose header says how large the first ones are."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)

    num = len(frames)
    main = struct.pack("<10I16x", 40_000, 0, 0, 0x10, num, 0, 1, 1 << 20, side, side)
    times = (0, 0, 0, 1, 25, 0, num, 1 << 20, 0, 0)
    stream = b"vidsMPNG" + struct.pack("<10I4H", *times, 0, 0, side, side)
    picture = struct.pack("<IiiHH4sIiiII", 40, side, side, 1, 24, b"MPNG", 3 * side**2, 0, 0, 0, 0)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", picture))
    listed, parts, at = b"", b"", 4
    for frame in frames:
        part = chunk(b"00dc", frame)
        listed += b"00dc" + struct.pack("<3I", 0x10, at, len(frame))
        parts, at = parts + part, at + len(part)
    head = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + streams)
    body = b"AVI " + head + chunk(b"LIST", b"movi" + parts) + chunk(b"idx1", listed)
    return b"RIFF" + struct.pack("<I", len(body)) + body


MEASURING = """#!{python}
import json, resource, subprocess, sys
code = subprocess.run(["{ffmpeg}", *sys.argv[1:]]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open("{told}", "a") as file:
    print(json.dumps([used.ru_maxrss >> 10, used.ru_utime]), file=file)
sys.exit(code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told in other units")
def test_a_clip_whose_pictures_grow_is_refused_before_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """At 12,000 pixels a side, six megabytes took 2.5 GiB and two minutes."""
    told, program = tmp_path / "told", tmp_path / "measured"
    text = MEASURING.format(python=sys.executable, ffmpeg=ffmpeg_path(), told=told)
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", str(program))
    clip = tmp_path / "growing.avi"
    clip.write_bytes(avi_of([png_of(64)] * 10 + [png_of(6_000)] * 15, 64))

    with pytest.raises(ClipError, match="the clip cannot be decoded to its end"):
        check_clip(clip)

    used = [json.loads(line) for line in told.read_text().splitlines()]
    assert len(used) >= 3
    assert max(megabytes for megabytes, _ in used) < 150


def test_a_clip_whose_times_leap_a_day_ahead_fills_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The gap is filled with frames; a header may say two seconds all the same."""
    path = tmp_path / "leaping.mkv"
    leap = "setpts='if(gt(N,20),PTS+100000/TB,PTS)'"
    source = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=2:r=25", "-vf", leap, "-c:v", "mjpeg"]
    run_ffmpeg([*source, str(path)], timeout_s=60)
    header = clips._header
    monkeypatch.setattr(clips, "_header", lambda path: in_two_seconds(header(path)))
    counted: list[int] = []
    monkeypatch.setattr(clips, "run_ffmpeg", lambda *a, **k: counting(counted, *a, **k))

    with pytest.raises(ClipError, match=r"its picture is 30\.04 s long"):
        check_clip(path)

    assert max(counted) <= 16 * 16 * 751


def in_two_seconds(words: str) -> str:
    before, _, rest = words.partition("  Duration: ")
    return f"{before}  Duration: 00:00:02.00{rest[rest.index(',') :]}"


def counting(counted: list[int], *args, **options) -> bytes:
    made = run_ffmpeg(*args, **options)
    counted.append(len(made))
    return made


def test_music_of_more_than_half_a_day_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Or here, of more than six seconds: no more of it is counted."""
    monkeypatch.setattr(sound_mix, "_LONGEST_S", 6.0)
    path = tmp_path / "endless.flac"
    run_ffmpeg(["-f", "lavfi", "-i", "sine=d=60", "-c:a", "flac", str(path)], timeout_s=300)
    with pytest.raises(RowError, match=r"music endless\.flac is longer than .* h; cut it"):
        measured_music(path, (0,))
    assert sound_mix._seconds_of(path) == 7.0
