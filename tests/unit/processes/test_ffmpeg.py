"""Programs are started, ended and reported; the right ffmpeg is found."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from model.errors import StoppedError
from tasks.errors import (
    DiskFullError,
    FfmpegError,
    ProgramError,
    ProgramHungError,
)
from tasks.processes import ffmpeg
from tasks.processes.ffmpeg import (
    FfmpegPipe,
    ffmpeg_builder,
    ffmpeg_path,
    ffmpeg_version,
    read_ffmpeg,
    run_ffmpeg,
    time_limit_s,
)
from tasks.processes.programs import run_program
from tasks.processes.stop_request import stop_asked_by
from tasks.store.files import (
    check_free_space,
    disk_full_as_error,
)

ROOT = Path(__file__).parents[3]


def wait_until_gone(pid: int, timeout_s: float = 60) -> bool:
    """Poll until process ``pid`` has ended (a zombie has)."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def wait_for_text(path: Path, timeout_s: float = 60) -> str:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().strip():
            return path.read_text().strip()
        time.sleep(0.01)
    raise AssertionError(f"{path} stayed empty")


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_ffmpeg_that_pip_installed_is_found_and_tells_its_version(monkeypatch):
    monkeypatch.delenv("NIGHTSHOOT_FFMPEG", raising=False)
    assert "imageio_ffmpeg" in ffmpeg_path()
    assert ffmpeg_version().startswith("ffmpeg version ")


def test_the_environment_chooses_another_ffmpeg(monkeypatch, tmp_path):
    ours = tmp_path / "my ffmpeg"
    ours.symlink_to(ffmpeg_path())
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", str(ours))
    assert ffmpeg_path() == str(ours)


def test_a_wished_ffmpeg_that_is_not_there_is_an_error_and_not_a_fallback(monkeypatch, tmp_path):
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", str(tmp_path / "none"))
    with pytest.raises(FfmpegError, match=r"NIGHTSHOOT_FFMPEG=.*unset the variable"):
        ffmpeg_path()


def test_an_ffmpeg_older_than_6_is_refused(monkeypatch, tmp_path):
    old = program(
        tmp_path / "ffmpeg",
        "echo 'ffmpeg version 5.1.9-0+deb12u1'; echo 'libavcodec     59. 37.100 / 59. 37.100'",
    )
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", old)
    with pytest.raises(FfmpegError, match=r"5\.1\.9.*must be 6 or newer"):
        ffmpeg_path()


def test_a_build_from_git_without_a_release_number_is_accepted(monkeypatch, tmp_path):
    new = program(
        tmp_path / "ffmpeg",
        "echo 'ffmpeg version N-118000-gabc'; echo 'libavcodec     61. 19.100 / 61. 19.100'",
    )
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", new)
    assert ffmpeg_version() == "ffmpeg version N-118000-gabc"


def test_a_failing_ffmpeg_tells_command_code_and_words():
    with pytest.raises(FfmpegError) as caught:
        run_ffmpeg(["-i", "/no/such/file.mp4", "-f", "null", "-"], timeout_s=60)
    assert caught.value.returncode not in (0, None)
    assert "No such file" in caught.value.stderr
    assert "/no/such/file.mp4" in str(caught.value)
    assert caught.value.command[1] == "-nostdin"


def test_a_warning_is_an_error_where_none_is_allowed():
    args = ["-f", "lavfi", "-i", "color=s=16x16:d=0.1", "-pix_fmt", "yuvj420p"]
    noisy = [*args, "-c:v", "mjpeg", "-f", "null", "-"]
    run_ffmpeg(noisy, timeout_s=60)
    with pytest.raises(FfmpegError, match="deprecated"):
        run_ffmpeg(noisy, timeout_s=60, allow_warnings=False)


def test_a_program_receives_stdin_environment_and_folder(tmp_path):
    result = run_program(
        ["sh", "-c", 'cat; printf " $WORD "; pwd; echo said >&2'],
        timeout_s=10,
        stdin=b"in",
        env={"WORD": "out", "PATH": os.environ["PATH"]},
        cwd=tmp_path,
    )
    assert result.stdout.decode() == f"in out {tmp_path}\n"
    assert result.stderr == "said\n"


def test_a_missing_program_is_named():
    with pytest.raises(ProgramError, match=r"no-such-voice.*not a program on this machine"):
        run_program(["no-such-voice"], timeout_s=1)


def test_a_failing_program_tells_its_code_and_words():
    with pytest.raises(ProgramError, match="ended with exit code 3: broken") as caught:
        run_program(["sh", "-c", "echo broken >&2; exit 3"], timeout_s=10)
    assert not isinstance(caught.value, FfmpegError)


def test_a_hanging_program_is_killed_with_its_children(tmp_path):
    child = tmp_path / "child"
    with pytest.raises(ProgramError, match=r"did not end within 0\.5 s"):
        run_program(["sh", "-c", f"sleep 600 & echo $! > '{child}'; wait"], timeout_s=0.5)
    assert wait_until_gone(int(child.read_text()))


def test_children_left_behind_by_a_program_are_killed(tmp_path):
    child = tmp_path / "child"
    run_program(
        ["sh", "-c", f"sleep 600 >/dev/null 2>&1 & echo $! > '{child}'"],
        timeout_s=10,
    )
    assert wait_until_gone(int(child.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_program_dies_with_us(tmp_path):
    pid_file = tmp_path / "pid"
    script = f"""
        from tasks.processes.programs import run_program
        run_program(["sh", "-c", "echo $$ > '{pid_file}'; exec sleep 600"], timeout_s=600)
    """
    ours = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT)
    pid = int(wait_for_text(pid_file))
    ours.kill()
    ours.wait()
    assert wait_until_gone(pid)


def raw_args(output: Path) -> list[str]:
    picture = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x16"]
    return [*picture, "-i", "pipe:0", "-f", "rawvideo", str(output)]


def flood(pipe: FfmpegPipe) -> None:
    """More bytes than any buffer holds."""
    for _ in range(10_000):
        pipe.write(bytes(1 << 16))


def test_a_pipe_passes_every_byte_and_returns_stderr(tmp_path):
    data = bytes(range(256)) * 4
    with FfmpegPipe(raw_args(tmp_path / "out.raw")) as pipe:
        pipe.write(data[:500])
        pipe.write(memoryview(data)[500:])
        assert pipe.finish() == ""
    assert (tmp_path / "out.raw").read_bytes() == data


def test_a_pipe_to_an_ffmpeg_that_died_tells_its_words(tmp_path):
    args = [*raw_args(tmp_path / "out.raw")[:-1], "-c:v", "no-such-codec", "x"]
    with FfmpegPipe(args) as pipe, pytest.raises(FfmpegError, match="no-such-codec"):
        flood(pipe)


def test_a_pipe_to_a_killed_ffmpeg_fails_at_the_next_bytes(tmp_path):
    with FfmpegPipe(raw_args(tmp_path / "out.raw")) as pipe:
        os.kill(pipe.pid, signal.SIGKILL)
        with pytest.raises(FfmpegError) as caught:
            flood(pipe)
    assert caught.value.returncode == -signal.SIGKILL


def test_leaving_a_pipe_unfinished_kills_ffmpeg(tmp_path):
    with pytest.raises(KeyError), FfmpegPipe(raw_args(tmp_path / "out.raw")) as pipe:
        raise KeyError
    assert wait_until_gone(pipe.pid)


def test_an_ffmpeg_that_hangs_at_the_end_is_killed(tmp_path, monkeypatch):
    slow = program(
        tmp_path / "ffmpeg",
        '[ "$1" = -version ] && { echo ffmpeg; echo "libavcodec 62. 1"; exit; }; exec sleep 600',
    )
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", slow)
    monkeypatch.setattr(ffmpeg, "_KILL_TIMEOUT_S", 0.2)
    with (
        FfmpegPipe(["-i", "pipe:0"], finish_s=0.2) as pipe,
        pytest.raises(FfmpegError, match=r"did not finish: .*within 0\.2 s of its last input"),
    ):
        pipe.finish()
    assert wait_until_gone(pipe.pid)


@pytest.mark.parametrize("num_bytes", [1 << 16, 1 << 23])
def test_a_stopped_ffmpeg_that_takes_no_bytes_is_killed_and_said_to_hang(tmp_path, num_bytes):
    """SIGSTOP, as a debugger or an out-of-memory daemon sends it; SIGKILL ends it all the same."""
    with FfmpegPipe(raw_args(tmp_path / "out.raw"), stall_s=0.5) as pipe:
        pipe.write(bytes(num_bytes))
        os.kill(pipe.pid, signal.SIGSTOP)
        with pytest.raises(
            FfmpegError, match=r"took no input for 0\.5 s, so it hangs: killed"
        ) as hung:
            flood(pipe)
    assert hung.value.fault == "machine"
    assert wait_until_gone(pipe.pid)


def test_an_ffmpeg_that_is_slow_but_moves_is_waited_for(tmp_path, monkeypatch):
    """Each pause is shorter than the limit, all together are longer."""
    slow = program(
        tmp_path / "ffmpeg",
        '[ "$1" = -version ] && { echo ffmpeg; echo "libavcodec 62. 1"; exit; }\n'
        "for i in 1 2 3 4; do sleep 0.6; head -c 65536 >/dev/null; done; cat >/dev/null",
    )
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", slow)
    with FfmpegPipe(["-i", "pipe:0"], stall_s=2.0) as pipe:
        pipe.write(bytes(1 << 19))
        pipe.finish()


def test_a_stopped_ffmpeg_that_is_read_from_is_killed_and_said_to_hang(tmp_path, monkeypatch):
    stopped = program(
        tmp_path / "ffmpeg",
        '[ "$1" = -version ] && { echo ffmpeg; echo "libavcodec 62. 1"; exit; }\n'
        f"echo $$ > '{tmp_path}/pid'; printf 12345678; kill -STOP $$",
    )
    monkeypatch.setenv("NIGHTSHOOT_FFMPEG", stopped)
    chunks = read_ffmpeg([], 4, stall_s=0.5)
    assert [next(chunks), next(chunks)] == [b"1234", b"5678"]
    with pytest.raises(FfmpegError, match=r"wrote nothing for 0\.5 s, so it hangs: killed"):
        next(chunks)
    assert wait_until_gone(int((tmp_path / "pid").read_text()))


def test_a_program_that_stops_itself_is_killed_when_its_time_is_over(tmp_path):
    with pytest.raises(
        ProgramHungError, match=r"killed, because it did not end within 0\.5 s"
    ) as hung:
        run_program(["sh", "-c", f"echo $$ > '{tmp_path}/pid'; kill -STOP $$"], timeout_s=0.5)
    assert hung.value.fault == "machine"
    assert wait_until_gone(int((tmp_path / "pid").read_text()))


def test_a_program_that_never_stops_talking_is_killed_in_bounded_memory():
    with pytest.raises(ProgramError, match=r"more than 1000000 bytes.*killed"):
        run_program(["yes"], timeout_s=60, max_stdout_bytes=1_000_000)
    said = run_program(["sh", "-c", "yes | head -c 10000000 >&2"], timeout_s=60).stderr
    assert 0 < len(said) <= 1 << 18


def asked_after(seconds):
    """A request to stop that comes so much later."""
    due = time.monotonic() + seconds
    return lambda: time.monotonic() > due


def test_every_wait_for_a_program_ends_when_asked_to_stop(tmp_path):
    ffmpeg_path()  # looked for once in a process; on a loaded machine a stop may come before
    started = time.monotonic()
    with stop_asked_by(asked_after(0.3)), pytest.raises(StoppedError):
        run_program(["sleep", "600"], timeout_s=600)
    with stop_asked_by(asked_after(0.3)), FfmpegPipe(raw_args(tmp_path / "out.raw")) as pipe:
        os.kill(pipe.pid, signal.SIGSTOP)
        with pytest.raises(StoppedError):
            flood(pipe)
    with stop_asked_by(asked_after(0.3)), FfmpegPipe(raw_args(tmp_path / "two.raw")) as last:
        os.kill(last.pid, signal.SIGSTOP)
        with pytest.raises(StoppedError):
            last.finish()
    assert wait_until_gone(pipe.pid)
    assert wait_until_gone(last.pid)
    assert time.monotonic() - started < 60  # ten minutes without it, two for an ffmpeg


def test_a_process_that_ends_at_once_takes_all_its_programs_and_their_children_with_it(tmp_path):
    script = f"""
        import os, threading, time
        from tasks.processes.programs import kill_programs, run_program
        command = ["sh", "-c", "sleep 600 & echo $! > '{tmp_path}/child'; wait"]
        threading.Thread(target=run_program, args=[command], kwargs={{"timeout_s": 600}}).start()
        while not os.path.exists('{tmp_path}/child') or not os.path.getsize('{tmp_path}/child'):
            time.sleep(0.01)
        kill_programs()
        os._exit(7)
    """
    ours = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, check=False)
    assert ours.returncode == 7
    assert wait_until_gone(int((tmp_path / "child").read_text()))


def test_a_program_that_is_just_being_started_is_taken_along_and_no_other_begins(tmp_path):
    """The moment between its start and the list of those that run, which is stretched here."""
    script = f"""
        import os, subprocess, threading, time
        from tasks.processes import programs
        begun = threading.Event()

        class Slow(subprocess.Popen):
            def __init__(self, *arguments, **options):
                super().__init__(*arguments, **options)
                open('{tmp_path}/child', 'w').write(str(self.pid))
                begun.set()
                time.sleep(0.3)

        subprocess.Popen = Slow
        # no setpriv: the kernel is not to end it
        programs._deathbound = lambda: ()
        run = lambda: programs.run_program(["sleep", "600"], timeout_s=600)
        threading.Thread(target=run, daemon=True).start()
        begun.wait()
        programs.kill_programs()
        threading.Thread(target=lambda: (run(), os._exit(8)), daemon=True).start()
        time.sleep(0.3)
        os._exit(7)
    """
    ours = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, check=False)
    assert ours.returncode == 7
    assert wait_until_gone(int((tmp_path / "child").read_text()))


def test_a_time_limit_grows_with_the_work():
    assert time_limit_s() == 120
    assert time_limit_s(sound_s=60) == 150
    assert time_limit_s(copied_bytes=10_000_000) == 130
    assert time_limit_s(decoded_pixels=25 * 704 * 384) == pytest.approx(123.4, abs=0.1)


def test_the_command_builder_is_ffmpeg_python():
    builder = ffmpeg_builder()
    assert builder.output(builder.input("a"), "b").get_args() == ["-i", "a", "b"]


def test_a_package_that_shadows_ffmpeg_python_is_named(tmp_path):
    shadow = tmp_path / "ffmpeg"
    shadow.mkdir()
    (shadow / "__init__.py").write_text("def run(*args): ...\n")
    script = "from tasks.processes.ffmpeg import ffmpeg_builder; ffmpeg_builder()"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {script}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not ffmpeg-python" in done.stderr
    assert str(shadow) in done.stderr


def test_too_little_free_space_is_told_with_both_numbers(tmp_path):
    with pytest.raises(DiskFullError, match=r"MB are free and 1000000000000\.0 MB are needed"):
        check_free_space(tmp_path, 10**18)
    check_free_space(tmp_path, 1)


def test_no_space_left_is_told_with_the_path(tmp_path):
    path = tmp_path / "a.mp4"
    with pytest.raises(DiskFullError, match=r"a\.mp4: the disk is full"), disk_full_as_error(path):
        raise FfmpegError(("ffmpeg",), 228, "av_interleaved_write_frame(): No space left on device")
    with pytest.raises(DiskFullError), disk_full_as_error(path):
        raise OSError(28, "No space left on device")
    with pytest.raises(FfmpegError), disk_full_as_error(path):
        raise FfmpegError(("ffmpeg",), 1, "another fault")
    with pytest.raises(FileNotFoundError), disk_full_as_error(path):
        path.read_bytes()


@pytest.mark.parametrize(
    "error",
    [
        FfmpegError(("ffmpeg", "-i"), 1, "words"),
        ProgramHungError(("voice",), None, "words"),
        ProgramError(("voice",), None, "words"),
        DiskFullError(Path("a"), 1, 2),
    ],
)
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
