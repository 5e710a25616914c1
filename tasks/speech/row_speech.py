"""Which speech a row gets: the one it has, or one that is read as scripts are read today.

A script that was spoken stays as it was spoken while nobody asks for anything else: a release that
reads better undoes no finished work.
"""

from collections.abc import Iterator

from model.errors import SpeechError
from tasks.errors import DamagedError, NewerRecordError
from tasks.reading.lexicon import Lexicon, used_entries
from tasks.reading.readback import read_back
from tasks.records import ManifestRow, StoredPlan
from tasks.speech.clauses.word_times import is_unaligned
from tasks.speech.request import without_lexicon
from tasks.speech.rereading import (
    is_made_of,
    may_hide_changes,
    rereadings,
)
from tasks.speech.speech import SpeechRequest, make_speech, request_sha256, speech_ids_of
from tasks.speech.speech_files import load_speech
from tasks.speech.spoken_script import front_end_sha256
from tasks.speech.voices import VoiceSettings
from tasks.speech_records import ReadWords, Reread, Speech
from tasks.store.campaign_folder import CampaignFolder


def row_request(
    row: ManifestRow, settings: VoiceSettings, lexicon: Lexicon, first_s: float | None = None
) -> SpeechRequest:
    """What a row asks to be said, with the entries of the lexicon that its script uses.

    ``first_s``: only the clauses of about so many seconds are spoken; None: all of them.
    """
    return SpeechRequest(
        text=row.script,
        audio_path=row.audio_path,
        voice=row.voice,
        language=row.language,
        seed=row.seed,
        settings=settings,
        entries=used_entries(row.script or "", row.language, lexicon),
        first_s=None if row.audio_path else first_s,
    )


def row_speech(
    request: SpeechRequest, place: CampaignFolder, stored: StoredPlan | None, *, reread: bool
) -> Speech:
    """The speech that was made of the same request; else, or if asked to, a new one.

    Args:
        request: of the row.
        place: the store, with a local folder.
        stored: the row's plan, however old.
        reread: whether what would be read otherwise today is spoken again, and sounds in which no
            release looked for their script are made again.

    Raises:
        SpeechError: see :func:`tasks.speech.speech.make_speech`.
    """
    for speech in _earlier(request, place, stored):
        if not reread or not _is_reread(speech, request):
            return speech
    for speech_id in speech_ids_of(request):
        place.fetch_speech(speech_id)
    speech = make_speech(request, place.speech, place.shared, reread=reread)
    place.commit_speech(speech)
    return speech


def spoken_words(row: ManifestRow, lexicon: Lexicon, speech: Speech) -> tuple[ReadWords, ...]:
    """What of a row's script is not read as it is written.

    Nothing is told of a recording, nor of speech for which another release read the script.
    """
    is_read_here = speech.source != "recording" and speech.front_end == front_end_sha256()
    return read_back(row.script or "", row.language, lexicon).words if is_read_here else ()


def _earlier(
    request: SpeechRequest, place: CampaignFolder, stored: StoredPlan | None
) -> Iterator[Speech]:
    """Whole speech of the same request: the plan's, and that of releases that named it so.

    Of a recording also what was made of it without the lexicon.
    """
    plain = without_lexicon(request)
    plain_ids = speech_ids_of(plain) if plain else ()
    names = [stored.plan.speech_id] if stored else plain_ids
    for speech_id in dict.fromkeys((*names, request_sha256(request))):
        place.fetch_speech(speech_id)
        speech = load_speech(speech_id, place.speech)
        if speech and (is_made_of(speech, request) or speech_id in plain_ids):
            yield speech


def _is_reread(speech: Speech, request: SpeechRequest) -> bool:
    plain = without_lexicon(request)
    if plain is not None and speech.speech_id in speech_ids_of(plain):
        return True
    return may_hide_changes(speech) or is_unaligned(speech) or bool(rereadings(speech, request))


def stored_rereadings(
    request: SpeechRequest, stored: StoredPlan, folder: CampaignFolder
) -> tuple[Reread, ...]:
    """The words of a planned row that would be read otherwise today.

    A script that is refused today is one long word with the reason as its reading.
    """
    speech = _receipt(stored, folder)
    if speech is None:
        return ()
    try:
        return rereadings(speech, request)
    except SpeechError as error:
        return (Reread(written=request.text or "", spoken=f"refused today: {error}"),)


def is_reread(request: SpeechRequest, stored: StoredPlan, folder: CampaignFolder) -> bool:
    """Whether a planned row must be spoken again where a person asks for today's reading.

    Raises:
        SpeechError: today the script cannot be spoken.
    """
    speech = _receipt(stored, folder)
    return speech is not None and _is_reread(speech, request)


def _receipt(stored: StoredPlan, folder: CampaignFolder) -> Speech | None:
    """Of the plan's speech; None where it is lost, which is found before anything is rendered."""
    try:
        return folder.read_record(f"speech/{stored.plan.speech_id}.json", Speech)
    except (DamagedError, NewerRecordError):
        return None
