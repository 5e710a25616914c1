"""The recipes and the troubleshooting, in both languages, name what is really there."""

import re
import shlex
from pathlib import Path

import click
import pytest

from flows.cli.main import cli

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = ("recipes.md", "recipes.zh.md", "troubleshooting.md", "troubleshooting.zh.md")
PAGES += ("review.md", "review.zh.md")
MANIFESTS = {
    "smoke.csv": ("First smoke test", "第一次冒烟测试"),
    "preview-384x256.csv": ("A 384x256 preview", "384x256 预览"),
    "delivery-60s.csv": ("A 60-second delivery", "60 秒成片"),
    "delivery-120s.csv": ("A 120-second delivery", "120 秒成片"),
    "delivery-180s.csv": ("A 180-second delivery", "180 秒成片"),
    "long-video.csv": ("A video over ten minutes", "十分钟以上的长视频"),
    "styles.csv": ("Several styles of one script", "同一文案的多种风格"),
    "personal.csv": ("A personal campaign", "一人一条的个性化视频"),
    "recordings.csv": ("A folder of recordings", "一个文件夹的录音"),
    "prompts.csv": ("Writing prompts", "提示词怎么写"),
}
# what a reader is to put in place of these, so that the command can be parsed
STAND_INS = {"PORTRAIT": "manifests/portraits/mara.png", "recordings.csv": "manifests/demo.csv"}


def text_of(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def sections(name: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text_of(name), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands(name: str) -> list[str]:
    """Every `nightshoot ...` of a page: in a block of its own or inside a sentence."""
    text = text_of(name)
    blocks = re.findall(r"^(nightshoot .+)$", text, flags=re.MULTILINE)
    inline = re.findall(r"`(nightshoot [^`]+)`", text)
    return [*blocks, *inline]


@pytest.mark.parametrize(("manifest", "headings"), MANIFESTS.items())
@pytest.mark.parametrize("language", [0, 1])
def test_every_workflow_has_a_section_that_renders_its_manifest(manifest, headings, language):
    section = sections(PAGES[language])[headings[language]]
    assert f"](../manifests/{manifest})" in section
    assert "\nnightshoot " in section
    assert (ROOT / "manifests" / manifest).is_file()


@pytest.mark.parametrize("kind", ["recipes", "troubleshooting", "review"])
def test_both_languages_have_the_same_sections_with_the_same_commands(kind):
    english, chinese = sections(f"{kind}.md"), sections(f"{kind}.zh.md")
    assert len(english) == len(chinese)
    for (title, one), other in zip(english.items(), chinese.values(), strict=True):
        blocks = [re.findall(r"^nightshoot \S+ \S+", part, re.MULTILINE) for part in (one, other)]
        assert blocks[0] == blocks[1], title


@pytest.mark.parametrize("name", PAGES)
def test_every_file_a_page_links_to_is_there(name):
    links = re.findall(r"\]\(([^)#]+)\)", text_of(name))
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_page_is_one_the_command_line_takes(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = commands(name)
    assert len(found) >= 8
    for command in found:
        parse(command)


@pytest.mark.parametrize("name", PAGES)
def test_every_option_a_page_names_exists(name):
    known = {
        option
        for command in cli.commands.values()
        for parameter in command.params
        for option in parameter.opts
    }
    named = set(re.findall(r"`(--[a-z-]+)", text_of(name)))
    assert sorted(named - known) == []


def test_a_command_that_does_not_exist_would_be_found():
    with pytest.raises(click.UsageError):
        parse("nightshoot render manifests/demo.csv --no-such-option")


def parse(command: str) -> None:
    """Parse, and do nothing else; a name alone (`nightshoot plan`) need only exist."""
    name, *arguments = [STAND_INS.get(part, part) for part in shlex.split(command)[1:]]
    subcommand = cli.get_command(click.Context(cli), name)
    assert subcommand is not None, command
    # a finished video is there only after a run
    arguments = ["README.md" if part.startswith("renders/") else part for part in arguments]
    if arguments:
        with subcommand.make_context(name, arguments):
            pass
