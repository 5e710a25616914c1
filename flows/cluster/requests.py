"""A campaign's parameters as the request of a session, for its run and for who submits it."""

from pathlib import Path

from flows.cluster.parameters import CampaignParameters
from flows.outcomes import name_of
from flows.session import Request
from tasks.gpu_plans.layouts import layout_settings
from tasks.manifest.manifest import RowDefaults
from tasks.quality.gates.policy import GateRequest

_PREPARED_AT_ONCE = 2


def request_of(parameters: CampaignParameters, out: str | Path | None = None) -> Request:
    """What a session is asked for.

    Args:
        parameters: of the run.
        out: another output, for those who only read the manifest.
    """
    given = {
        *("engine", "preset", "framing", "allow"),
        *("deliver", "captions", "caption_style", "ai_label", "teaser"),
    }
    wanted = parameters.model_dump(include=given, exclude_none=True)
    manifest = parameters.manifest
    return Request(
        manifest=manifest if "://" in manifest else Path(manifest),
        out=parameters.out if out is None else out,
        campaign=parameters.campaign or Path(name_of(manifest)).stem,
        defaults=RowDefaults(**wanted),
        workers=_PREPARED_AT_ONCE,
        keep_going=parameters.keep_going,
        engine_settings={**layout_settings(parameters.placement), **parameters.settings},
        begun_first=parameters.window is not None,
        allow_private=parameters.allow_private,
        allow_outside=parameters.allow_outside,
        loudness=parameters.loudness,
        gates=GateRequest(
            parameters.gates,
            parameters.gate_tries,
            Path(parameters.gate_limits) if parameters.gate_limits else None,
        ),
        lexicon=parameters.lexicon,
        sheet=parameters.sheet,
        personal=parameters.personal,
        selection=parameters.selection,
    )
