"""Lip-sync, identity and seams of the preview engine on portraits and voices; one table.

    .venv/bin/python benchmarks/quality_samples.py [--samples ../shared/samples] [--out DIR]

Each video goes the whole way: speech, plan, engine (in this process), encoding, stitch; what is
judged is the finished MP4. As a control each row's pictures are judged with another portrait's
sound, too. Sample pictures and recordings are no part of the repository.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

from flows.prepare import prepare_row
from flows.rows.settings import PrepareSettings
from model.engine import Handoff
from model.preview.engine import PreviewEngine
from tasks.manifest.presets import load_presets
from tasks.media.encode import encode_segment
from tasks.media.render import segment_job
from tasks.media.stitch import stitch_video
from tasks.plan.audio_window import EngineTrack
from tasks.portrait.picture import read_portrait
from tasks.portrait.portrait import PortraitLimits, read_rig, rig_path_of
from tasks.processes.ffmpeg import ffmpeg_version
from tasks.quality.judgement import VideoJudgement, judge_video
from tasks.records import ManifestRow, SegmentMedia, VideoPlan
from tasks.speech.speech_files import load_speech
from tasks.speech.voices import VoiceSettings
from tasks.store.campaign_folder import CampaignFolder

ROOT = Path(__file__).parents[1]
PRESENTERS = ROOT / "manifests" / "portraits"
ENGLISH = (
    "Meet Fernlight, the desk lamp that follows the sun. In the morning it wakes you with a cool, "
    "clear white, and by evening it settles into a warm amber glow. Plug it in once, and it "
    "learns the rest."
)
MANDARIN = (
    "这是晨叶台灯，一盏懂得时间的灯。早晨它用清亮的白光叫醒你，傍晚再慢慢变成温暖的琥珀色。"
    "现在下单只要299元，前100名还能再打9折。"
)
WELCOME = (
    "Welcome to Fernlight. My name is Otto, and in the next few minutes I will show you how to "
    "set up your new lamp. All you need is a table and a socket."
)


@dataclass(frozen=True)
class Case:
    """One video to make: a portrait, and a recording or a script with its voice."""

    name: str
    portrait: Path
    rig: Path | None = None
    audio: Path | None = None
    script: str | None = None
    voice: str | None = None

    @property
    def sound(self) -> str:
        return self.audio.stem if self.audio else str(self.voice)


def sample_cases(samples: Path) -> list[Case]:
    """Portraits of the samples, with their own recording where they have one."""

    def case(picture: str, recording: str, rig: Path | None = None) -> Case:
        portrait = samples / picture
        return Case(portrait.stem, portrait, rig, samples / f"{recording}.wav")

    return [
        case("boy.jpg", "fashion_blogger"),
        case(
            "dwarven_blacksmith.jpg",
            "dwarven_blacksmith",
            ROOT / "tests" / "rigs" / "dwarven_blacksmith.rig.json",
        ),
        case("fashion_blogger.jpg", "fashion_blogger"),
        case("kitchen_grandmother.jpg", "kitchen_grandmother"),
        case("livestream_1.png", "kitchen_grandmother"),
    ]


def presenter_cases() -> list[Case]:
    """The demo's presenters with its scripts and voices."""

    def case(name: str, script: str, voice: str) -> Case:
        portrait = PRESENTERS / f"{name}.png"
        return Case(name, portrait, rig_path_of(portrait), script=script, voice=voice)

    return [
        case("mara", ENGLISH, "hibari"),
        case("jun", MANDARIN, "zf_xiaoxiao"),
        case("otto", WELCOME, "bm_george"),
        Case(
            "otto",
            PRESENTERS / "otto.png",
            rig_path_of(PRESENTERS / "otto.png"),
            audio=ROOT / "manifests" / "recordings" / "otto-welcome.wav",
        ),
    ]


@dataclass(frozen=True)
class Made:
    """A finished video, and what it was made of."""

    case: Case
    path: Path
    plan: VideoPlan
    segments: list[tuple[Path, SegmentMedia]]
    wav: Path


def make_video(case: Case, folder: CampaignFolder, engine: PreviewEngine) -> Made:
    row = ManifestRow(
        line=1,
        video_id=f"{case.name}-{case.sound}".replace("_", "-"),
        script=case.script,
        audio_path=case.audio,
        portrait_path=case.portrait,
        rig_path=case.rig,
        voice=case.voice,
        language="zh" if case.script == MANDARIN else "en",
    )
    settings = PrepareSettings(
        presets=load_presets(),
        engine_settings={},
        voice_settings=VoiceSettings(),
        portrait_limits=PortraitLimits(),
        ffmpeg_version=ffmpeg_version(),
    )
    prepared = prepare_row(row, settings, folder, print)
    if prepared.plan is None:
        raise SystemExit(f"{case.name}: {prepared.error}")
    plan = prepared.plan
    segments = render(plan, folder, engine)
    wav = folder.speech / f"{plan.speech_id}.wav"
    path = stitched(plan, segments, wav, folder.root / f"{plan.video_id}.mp4")
    return Made(case, path, plan, segments, wav)


def render(
    plan: VideoPlan, folder: CampaignFolder, engine: PreviewEngine
) -> list[tuple[Path, SegmentMedia]]:
    speech = load_speech(plan.speech_id, folder.speech)
    assert speech is not None
    track = EngineTrack(folder.speech / f"{speech.speech_id}.16k.wav", speech.phonemes)
    portrait = read_portrait(folder.portrait(plan.portrait))
    handoff: Handoff | None = None
    segments: list[tuple[Path, SegmentMedia]] = []
    for segment in plan.segments:
        job = segment_job(
            plan, segment, portrait=portrait, track=track, handoff=handoff, identity=engine.identity
        )
        rendering = engine.render(job)
        path = folder.root / f"{plan.video_id}-{segment.index}.mp4"
        path.unlink(missing_ok=True)
        encoded = encode_segment(
            rendering,
            width=job.width,
            height=job.height,
            num_frames=job.num_frames,
            profile=plan.encode,
            part=path,
        )
        segments.append((path, encoded.media))
        handoff = rendering.handoff
    return segments


def stitched(
    plan: VideoPlan, segments: list[tuple[Path, SegmentMedia]], wav: Path, output: Path
) -> Path:
    stitch_video(
        segments,
        wav,
        num_frames=plan.num_frames,
        profile=plan.encode,
        output=output,
        metadata={"title": plan.title},
        scratch=output.parent,
    )
    return output


def control_z(made: Made, earlier: list[Made]) -> str:
    """Lip-sync of the same pictures with the latest sound of another portrait."""
    case = made.case
    others = [
        other.wav
        for other in earlier
        if other.case.sound != case.sound and other.case.portrait != case.portrait
    ]
    if not others:
        return "-"
    path = stitched(made.plan, made.segments, others[-1], made.path.with_suffix(".control.mp4"))
    judged = judge(path, case)
    return "-" if judged.lip_sync is None else f"{judged.lip_sync.z:.1f}"


def judge(path: Path, case: Case, boundaries: tuple[int, ...] = ()) -> VideoJudgement:
    rig = None if case.rig is None else read_rig(case.rig)
    return judge_video(path, portrait=case.portrait, boundaries=boundaries, rig=rig)


def table_row(case: Case, plan: VideoPlan, judged: VideoJudgement, control: str) -> str:
    identity = judged.identity
    steps = [seam.unexplained_step for seam in judged.seams]
    means = [abs(seam.mean_step) for seam in judged.seams]
    cells = [
        case.name,
        case.sound,
        f"{plan.width}x{plan.height}",
        f"{judged.duration_s:.1f}",
        f"{judged.speech_s:.1f}",
        *sync_cells(judged, control),
        "-" if identity is None else f"{identity.p5:.3f}",
        f"{len(steps)}",
        f"{max(steps):.2f}" if steps else "-",
        f"{max(means):.2f}" if means else "-",
        judged.verdict,
    ]
    return "| " + " | ".join(cells) + " |"


def sync_cells(judged: VideoJudgement, control: str) -> list[str]:
    sync = judged.lip_sync
    if sync is None:
        return ["-", control, "-", "-", "-", "-", "-"]
    gap = "-" if sync.gap_range is None else f"{sync.gap_range:.3f}"
    figures = [f"{sync.z:.1f}", control, f"{sync.lag_ms:+.0f}", f"{sync.r:.2f}"]
    return [*figures, gap, f"{sync.motion_range:.0f}", sync.seen_by]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, default=ROOT.parent / "shared" / "samples")
    parser.add_argument("--out", type=Path, help="Keep the videos here.")
    wanted = parser.parse_args()
    cases = presenter_cases()
    if wanted.samples.is_dir():
        cases = sample_cases(wanted.samples) + cases
    else:
        print(f"no samples in {wanted.samples}: only the presenters are judged\n")
    print(
        "| portrait | sound | size | s | speech, s | z | z, other sound | lag, ms | r | gap range "
        "| motion, grey | seen by | identity p5 | seams | worst m8 | worst step | verdict |\n"
        + "|---" * 17
        + "|"
    )
    engine = PreviewEngine()
    reasons: list[str] = []
    earlier: list[Made] = []
    with tempfile.TemporaryDirectory() as name:
        folder = CampaignFolder(wanted.out or Path(name))
        folder.root.mkdir(parents=True, exist_ok=True)
        for case in cases:
            made = make_video(case, folder, engine)
            starts = tuple(segment.start_frame for segment in made.plan.segments[1:])
            judged = judge(made.path, case, starts)
            print(table_row(case, made.plan, judged, control_z(made, earlier)), flush=True)
            reasons += [f"{case.name}, {case.sound}: {reason}" for reason in judged.reasons]
            earlier.append(made)
    print("\n" + ("\n".join(reasons) or "Every video passes."))


if __name__ == "__main__":
    main()
