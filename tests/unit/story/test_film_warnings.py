"""What a run tells of the films that it has made."""

from flows.formats.making import film_warnings
from tasks.deliver_records import DeliverableReceipt, Size


def made(size: Size, *warnings: str) -> DeliverableReceipt:
    return DeliverableReceipt.model_construct(size=size, warnings=warnings)


def test_a_warning_of_several_films_is_told_once_with_their_formats():
    films = [
        made((1080, 1920), "the music is clipped", "it is soft"),
        made((1080, 1080), "the music is clipped"),
        made((1920, 1080)),
    ]

    assert film_warnings(films) == [
        "1080x1920 and 1080x1080: the music is clipped",
        "1080x1920: it is soft",
    ]
