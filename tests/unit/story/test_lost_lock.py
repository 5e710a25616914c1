"""A run that has lost its lock says what it knows, and no more."""

from flows.run import lost_error
from model.errors import CampaignError
from tasks.errors import StoreError
from tasks.store.entries import LostLock


def lost(why: str, *, is_taken: bool) -> LostLock:
    lock = LostLock()
    lock.tell(why, is_taken=is_taken)
    return lock


def test_a_campaign_that_another_run_has_taken_is_refused() -> None:
    error = lost_error("june", lost("another run has taken it over", is_taken=True))
    assert isinstance(error, CampaignError)
    assert "another run has taken it over" in str(error)


def test_a_store_that_does_not_answer_is_not_another_run() -> None:
    why = "s3://b/june/lock.json: put_object did not succeed within 300 s"
    error = lost_error("june", lost(why, is_taken=False))
    assert isinstance(error, StoreError)
    assert "another run" not in str(error)
    assert why in str(error)
