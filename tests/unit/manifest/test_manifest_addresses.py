"""Manifests at addresses, and manifests that name addresses."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Answer, GpuRequest, Served, png, wav

from tasks.inputs.inputs import InputLimits, Inputs
from tasks.manifest.manifest import Manifest, ManifestError, RowDefaults, read_manifest

HEADER = "video_id,script,portrait\n"
QUICK = InputLimits(first_wait_s=0.0, https_attempts=2)


@pytest.fixture
def web() -> Iterator[Served]:
    served = Served()
    served.start()
    served.routes |= {
        "/p/a.png": Answer(body=png()),
        "/p/b%20c.png": Answer(body=png(32, 32)),
        "/p/a.wav": Answer(body=wav()),
        "/p/long.txt": Answer(body="你好，世界。".encode("gbk")),
        "/outside.png": Answer(body=png()),
    }
    yield served
    served.end()


@pytest.fixture
def inputs(tmp_path: Path) -> Iterator[Inputs]:
    with Inputs(tmp_path / "scratch", QUICK, allow_private=True) as made:
        yield made


def read(web: Served, inputs: Inputs, text: str, *, allow_outside: bool = False) -> Manifest:
    web.routes["/p/june.csv"] = Answer(body=text.encode())
    url = web.url("/p/june.csv?sig=s3cret")
    return read_manifest(url, RowDefaults(), allow_outside=allow_outside, inputs=inputs)


def faults(web: Served, inputs: Inputs, text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        read(web, inputs, text)
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value.faults)
    prefix = f"{web.url('/p/june.csv')}:"
    lines = str(caught.value).split("\n")
    assert all(line.startswith(prefix) for line in lines), lines
    return [line.removeprefix(prefix) for line in lines]


def test_the_paths_of_a_fetched_manifest_are_relative_to_it(web: Served, inputs: Inputs) -> None:
    web.routes["/p/a.rig.json"] = Answer(body=b"{}")
    text = "video_id,script_file,audio,portrait\nx,long.txt,,a.png\ny,,./a.wav,b c.png\n"
    first, second = read(web, inputs, text).rows
    assert (first.script, first.language) == ("你好，世界。", "zh")
    assert first.portrait_path.read_bytes() == png()
    assert first.rig_path is not None
    assert first.rig_path.read_bytes() == b"{}"
    assert second.portrait_path.read_bytes() == png(32, 32)
    assert second.audio_path is not None
    assert second.audio_path.read_bytes() == wav()
    assert second.rig_path is None


def test_a_local_manifest_may_name_addresses(web: Served, inputs: Inputs, tmp_path: Path) -> None:
    (tmp_path / "here.png").write_bytes(png())
    path = tmp_path / "june.csv"
    url = web.url("/p/a.png?sig=s3cret", host="ann:s3cret@127.0.0.1")
    path.write_text(f"{HEADER}a,Hi. See https://x.org/?q=1,{url}\nb,Hi.,here.png\n")
    manifest = read_manifest(path, RowDefaults(), inputs=inputs)
    far, near = manifest.rows
    assert far.portrait_path.read_bytes() == png()
    assert inputs.shown(far.portrait_path) == web.url("/p/a.png")
    assert near.portrait_path == tmp_path / "here.png"
    assert manifest.cells["a"]["portrait"] == web.url("/p/a.png")
    assert manifest.cells["a"]["script"] == "Hi. See https://x.org/?q=1"


def test_every_fault_of_every_row_is_told_at_once(web: Served, inputs: Inputs) -> None:
    web.routes |= {
        "/p/page.png": Answer(body=b"<!doctype html>"),
        "/p/ill.png": Answer(500),
        "/p/rigged.png": Answer(body=png()),
        "/p/rigged.rig.json": Answer(body=b"oops"),
    }
    gone = web.url("/gone.png?sig=s3cret", host="ann:s3cret@127.0.0.1")
    names = f"none.png|page.png|ill.png|../outside.png|/etc/passwd|ftp://x.org/a|{gone}|rigged.png"
    rows = [f"v{number},Hi.,{name}" for number, name in enumerate(names.split("|"))]
    told = faults(web, inputs, HEADER + "\n".join(rows) + "\nNo,,a.png\n")
    assert told[:2] == [
        '2: portrait "none.png": there is no file at this address (404); check the address',
        '3: portrait "page.png": the server sent a web page, not a portrait; '
        "check the address, or store the file again",
    ]
    assert '4: portrait "ill.png": its server answers 500, in 2 tries' in told[2]
    assert '5: portrait "../outside.png": the path leads outside the manifest\'s folder' in told[3]
    assert '6: portrait "/etc/passwd": a path in a manifest that was fetched is' in told[4]
    assert '7: portrait "ftp://x.org/a": files at such addresses cannot be read' in told[5]
    assert told[6].startswith(
        f'8: portrait "{web.url("/gone.png")}": there is no file at this address (404)'
    )
    assert f"its rig {web.url('/p/rigged.rig.json')}: the rig is not valid JSON" in told[7]
    assert told[8].startswith('10: video_id "No"')
    assert told[9].startswith("10: script: the row has nothing to speak")
    assert len(told) == 10


def test_a_path_out_of_the_folder_is_fetched_where_allowed(web: Served, inputs: Inputs) -> None:
    manifest = read(web, inputs, HEADER + "a,Hi.,../outside.png\n", allow_outside=True)
    assert manifest.rows[0].portrait_path.read_bytes() == png()


def test_a_fetched_manifest_reads_no_file_of_this_machine(
    web: Served, inputs: Inputs, tmp_path: Path
) -> None:
    (tmp_path / "mine.png").write_bytes(png())
    for name in (tmp_path / "mine.png", f"file://{tmp_path}/mine.png"):
        with pytest.raises(ManifestError, match=r"relative to it|cannot be read"):
            read(web, inputs, f"{HEADER}a,Hi.,{name}\n", allow_outside=True)


def test_an_address_in_many_rows_is_fetched_once(web: Served, inputs: Inputs) -> None:
    rows = "".join(f"v-{number},Hi.,a.png\n" for number in range(1000))
    manifest = read(web, inputs, HEADER + rows)
    assert len({row.portrait_path for row in manifest.rows}) == 1
    assert sorted(web.paths) == ["/p/a.png", "/p/a.rig.json", "/p/june.csv?sig=s3cret"]


def test_the_files_of_a_manifest_are_fetched_eight_at_once(web: Served, inputs: Inputs) -> None:
    together = threading.Barrier(8, timeout=10)

    def meet(_: GpuRequest) -> Answer:
        together.wait()
        return Answer(body=png())

    web.routes |= {f"/p/{number}.png": meet for number in range(8)}
    rows = "".join(f"v-{number},Hi.,{number}.png\n" for number in range(8))
    assert len(read(web, inputs, HEADER + rows).rows) == 8


def test_a_rig_that_nobody_may_look_for_is_told(web: Served, inputs: Inputs) -> None:
    web.routes["/p/a.rig.json"] = Answer(403)
    manifest = read(web, inputs, HEADER + "a,Hi.,a.png\n")
    assert manifest.notices == (
        f"{web.url('/p/a.rig.json')}: its server refuses (403); continuing without a rig",
    )


@pytest.mark.parametrize(("names", "blamed"), [("ill.png", "unknown"), ("ill.png|none.png", "row")])
def test_a_manifest_that_time_may_heal_blames_no_row(
    web: Served, inputs: Inputs, names: str, blamed: str
) -> None:
    web.routes["/p/ill.png"] = Answer(503)
    rows = [f"v{number},Hi.,{name}" for number, name in enumerate(names.split("|"))]
    with pytest.raises(ManifestError) as caught:
        read(web, inputs, HEADER + "\n".join(rows))
    assert caught.value.fault == blamed


def test_a_manifest_that_is_not_there_is_told_without_its_secrets(
    web: Served, inputs: Inputs
) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(web.url("/none.csv?sig=s3cret"), RowDefaults(), inputs=inputs)
    url = web.url("/none.csv")
    assert (
        str(caught.value)
        == f"{url}:1: file: there is no file at this address (404); check the address"
    )


def test_without_inputs_addresses_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"https://x\.org/june\.csv:1: .* download it first"):
        read_manifest("https://x.org/june.csv?sig=1", RowDefaults())
    path = tmp_path / "june.csv"
    path.write_text(f"{HEADER}a,Hi.,https://x.org/a.png?sig=s3cret\n")
    with pytest.raises(ManifestError, match="this is a web address, not a file") as caught:
        read_manifest(path, RowDefaults())
    assert "s3cret" not in str(caught.value)


def test_a_torn_row_does_not_show_the_secret_of_its_address(web: Served, inputs: Inputs) -> None:
    url = web.url("/p/a.png?sig=s3cret")
    told = faults(web, inputs, f"{HEADER}a,Hello, you,{url}\n")
    assert f'row "{web.url("/p/a.png")}": the row has 4 cells' in told[0]


def test_a_manifest_on_s3_names_what_is_beside_it(
    monkeypatch: pytest.MonkeyPatch, inputs: Inputs
) -> None:
    import boto3
    from moto import mock_aws

    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        client.put_object(Bucket="bucket", Key="p/x/Mara M.png", Body=png())
        client.put_object(Bucket="bucket", Key="p/x/Mara M.rig.json", Body=b"{}")
        client.put_object(
            Bucket="bucket", Key="p/june.csv", Body=f"{HEADER}a,Hi.,x/Mara M.png\n".encode()
        )
        (row,) = read_manifest("s3://bucket/p/june.csv", RowDefaults(), inputs=inputs).rows
        client.close()
    assert row.portrait_path.read_bytes() == png()
    assert row.rig_path is not None
