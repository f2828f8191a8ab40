import logging
from pathlib import Path
from typing import Any

import lmdb
import polars as pl
import pytest

from pipelines import identity
from pipelines.errors import SettingsError
from pipelines.router.contract import DefaultTreatment
from pipelines.router.lookup import Lookup, score_numbers
from pipelines.router.publish import publish_scores

TREATMENT = DefaultTreatment(priority=5, queue="general")


def look(centre: Any) -> Lookup:
    return Lookup(centre.home, region="GB", treatment=TREATMENT)


@pytest.mark.parametrize(
    "written",
    ["+447946000003",
     "00447946000003", "07946 000003", "447946000003", "tel:+447946000003", "sip:07946000003@a.example"],
)  # fmt: skip
def test_a_caller_is_known_by_every_form_of_the_number(centre: Any, written: str) -> None:
    centre.publish(priority=44)
    found = look(centre).answer(written)
    assert (found.source, found.priority, found.customer_key) == ("scored", 44, centre.customer(3))


def test_a_customer_is_known_by_key_and_by_the_crms_id(centre: Any) -> None:
    centre.publish(priority=44)
    lookup = look(centre)
    assert lookup.answer(centre.customer(3)) == lookup.answer("customer:C3") == lookup.answer("customer: C3 ")
    assert lookup.answer("customer:C3").priority == 44


@pytest.mark.parametrize(
    "who", ["anonymous", "", "+447946999999", "C3", "customer:", "customer:C999", "1003", "x" * 9999, "\ud800"]
)
def test_whoever_is_unknown_gets_the_default(centre: Any, who: str) -> None:
    version = centre.publish().name
    found = look(centre).answer(who)
    assert (found.source, found.priority, found.queue, found.version) == ("default", 5, "general", version)
    assert found.customer_key is None


def test_an_extension_is_not_the_customer_with_that_id(centre: Any) -> None:
    key = identity.customer_key("1003", centre.key)
    scores = centre.scores(1).with_columns(customer_key=pl.lit(key))
    manifest = {"model_versions": {}, "data_through_at": None, "snapshot": None}
    publish_scores(centre.home, scores, centre.numbers(1), manifest)
    assert look(centre).answer("customer:1003").source == "scored"
    assert look(centre).answer("1003").source == "default"
    assert look(centre).answer("sip:1003@pbx.example").source == "default"


def test_before_the_first_publication_everyone_gets_the_default(centre: Any) -> None:
    found = look(centre).answer("+447946000003")
    assert (found.source, found.version, found.priority) == ("default", None, 5)


def test_an_expired_score_is_the_default_marked_stale(centre: Any) -> None:
    centre.publish(valid_h=-1)
    found = look(centre).answer("+447946000003")
    assert (found.source, found.priority, found.customer_key) == ("stale", 5, centre.customer(3))


def test_a_space_in_a_url_is_a_plus_sign(centre: Any) -> None:
    lookup = look(centre)
    # As a national number of the United Kingdom this is nobody's; as +33… it is a French one.
    assert lookup._number(" 33612345678", from_url=True) == "+33612345678"
    assert lookup._number(" 07946 000003", from_url=True) == "+447946000003"
    assert lookup._number(" 447946000003", from_url=True) == "+447946000003"


def test_a_fault_in_the_store_is_the_default_and_logs_no_number(
    centre: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    centre.publish()
    lookup = look(centre)

    def broken(**_: object) -> None:
        raise lmdb.CorruptedError("+447946000003")

    monkeypatch.setattr(lookup.store, "find", broken)
    with caplog.at_level(logging.DEBUG):
        assert lookup.answer("+447946000003").source == "default"
    assert "CorruptedError" in caplog.text
    assert "7946" not in caplog.text


def test_score_numbers_answers_in_order_with_the_number_first(centre: Any) -> None:
    centre.publish()
    asked = ["07946000039", "anonymous", "+447946000000", "07946000039"]
    found = score_numbers(centre.home, asked, region="GB", treatment=TREATMENT)
    assert [one["number"] for one in found] == asked
    assert [one["source"] for one in found] == ["scored", "default", "scored", "scored"]
    assert {next(iter(one)) for one in found} == {"number"}
    assert found[0] == found[3]


def test_a_home_without_a_secret_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no secret"):
        score_numbers(tmp_path, ["+447946000003"], region="GB", treatment=TREATMENT)


def test_a_wrong_region_is_found_before_a_caller_waits(centre: Any) -> None:
    with pytest.raises(SettingsError, match="region"):
        Lookup(centre.home, region="ZZ", treatment=TREATMENT)
