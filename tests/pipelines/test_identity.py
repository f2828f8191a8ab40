import stat
import time
from pathlib import Path

import phonenumbers
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from pipelines import identity
from pipelines.errors import CallwrightError, EnvironmentProblem, SettingsError

KEY = bytes(range(32))
WRITTEN_AS_UK = [
    "+447946000037",
    "00447946000037",
    "07946000037",
    "447946000037",
    " 447946000037",
    "7946000037",
    "+44 7946 000037",
    "+44 (0)7946 000 037",
    "07946-000-037",
    "(07946) 000.037",
    "tel:+447946000037",
    "tel:+44-7946-000-037;ext=12",
    "tel:7946000037;phone-context=+44",
    "TEL:07946000037",
    "sip:+447946000037@pbx.example.com",
    "sip:+447946000037;npdi@10.0.0.1:5060;user=phone",
    "sips:447946000037:secret@10.0.0.1;transport=tls",
    "sip:%2B447946000037@10.0.0.1",
    '"Smith, J" <sip:07946000037@10.0.0.1>;tag=1',
    '"07700 900123" <07946000037>',
    "+447946000037 ext. 12",
    "＋４４７９４６００００３７",
    "\u202a+447946000037\u202c",
    "%2B447946000037",
]
NOBODY = [
    None, "", " ", "+", "anonymous", "Anonymous", "unknown", "<unknown>", "withheld", "s", "i", "999", "112", "0",
    "100", "1001", "20001", "200300", "01001", "sip:1001@pbx.example.com", "sip:anonymous@anonymous.invalid",
    "sip:pbx.example.com", '"1001" <1001>', "Local/1001@agents", "PJSIP/alice-0000001", "0000000000", "+0", "tel:",
    "1800FLOWERS", "07946000037 or 07946000038", "1" * 40, "9" * 5000, "::::", "<<>>", "%", "%2", "-", "²³",
]  # fmt: skip


@pytest.mark.parametrize("written", WRITTEN_AS_UK)
def test_every_written_form_of_a_number_is_one_number(written: str) -> None:
    assert identity.normalise_number(written, "GB") == "+447946000037"


@pytest.mark.parametrize("written", NOBODY)
def test_extensions_withheld_numbers_and_rubbish_are_nobody(written: str | None) -> None:
    assert identity.normalise_number(written, "GB") is None


@pytest.mark.parametrize(
    "written, region, e164",
    [
        ("0033612345678", "GB", "+33612345678"),
        ("33612345678", "GB", "+33612345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("00447946000037", "US", "+447946000037"),
        ("011447946000037", "US", "+447946000037"),
        ("13812345678", "CN", "+8613812345678"),
        ("010-1234-5678", "CN", "+861012345678"),
        ("06 6982 1234", "IT", "+390669821234"),
        ("054-123-4567", "IL", "+972541234567"),
        ("91234567", "HK", "+85291234567"),
        ("0085291234567", "HK", "+85291234567"),
        ("030 12345678", "DE", "+493012345678"),
    ],
)
def test_national_forms_follow_the_centres_region(written: str, region: str, e164: str) -> None:
    assert identity.normalise_number(written, region) == e164


def test_a_local_number_without_its_area_code_is_nobody() -> None:
    assert identity.normalise_number("79460000", "GB") is None
    assert identity.normalise_number("5550123", "US") is None
    assert identity.normalise_number("20030040", "DE") is None


def test_an_unknown_region_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match=r"centre.region.*'XX'"):
        identity.normalise_number("+447946000037", "XX")


@st.composite
def mobiles(draw: st.DrawFn) -> tuple[str, str, str]:
    region, code, trunk, starts, count = draw(
        st.sampled_from(
            [
                ("GB", "44", "0", ["74", "75", "77", "78", "7946"], 10),
                ("FR", "33", "0", ["6", "7"], 9),
                ("DE", "49", "0", ["160", "171"], 10),
                ("CN", "86", "", ["138", "150", "186"], 11),
                ("US", "1", "1", ["212", "415", "617"], 10),
                ("ES", "34", "", ["6"], 9),
                ("HK", "852", "", ["9"], 8),
            ]
        )
    )
    start = draw(st.sampled_from(starts))
    rest = draw(st.text("23456789", min_size=count - len(start), max_size=count - len(start)))
    return region, code, trunk, start + rest  # type: ignore[return-value]


@given(mobiles(), st.sampled_from(["", " ", "-", "."]), st.integers(2, 6))
def test_all_forms_of_any_number_have_one_token(number: tuple[str, ...], gap: str, at: int) -> None:
    region, code, trunk, national = number
    spaced = national[:at] + gap + national[at:]
    forms = [
        f"+{code}{national}", f"+{code} {spaced}", f"00{code}{national}", f"{code}{national}", f" {code}{national}",
        f"{trunk}{spaced}", f"tel:+{code}{spaced};x=1", f"sip:+{code}{national}@a.example:5060;user=phone",
        f"sip:{trunk}{national};npdi@10.0.0.1", f"tel:{national};phone-context=+{code}", f'"Name" <{trunk}{national}>',
    ]  # fmt: skip
    found = identity.resolve(pl.Series(forms), region, KEY)
    assert dict(zip(found["number"], found["e164"], strict=True)) == dict.fromkeys(forms, f"+{code}{national}")
    assert found["caller_token"].n_unique() == 1


REGIONS = ["GB", "DE", "FR", "US", "CA", "CN", "IT", "IL", "HK", "ES", "BR", "AR", "MX", "RU", "JP", "AU", "JE", "IN"]


@given(st.sampled_from(REGIONS), st.sampled_from(["", "+", "00", "0", "1", "+00", "cc", "+cc", "00cc"]),
       st.text("0123456789", min_size=5, max_size=13))  # fmt: skip
def test_the_fast_path_says_what_phonenumbers_says(region: str, start: str, rest: str) -> None:
    digits = start.replace("cc", str(phonenumbers.country_code_for_region(region))) + rest
    fast = identity._fast(digits, identity._plan(region))
    if fast is not None:
        read = phonenumbers.parse(digits, region)
        assert fast == phonenumbers.format_number(read, PhoneNumberFormat.E164)
        assert fast == identity._slow(digits, region, identity._plan(region))


def test_common_forms_take_the_fast_path() -> None:
    plan = identity._plan("GB")
    for written in ("+447946000037", "00447946000037", "07946000037", "447946000037", "+33612345678"):
        assert identity._fast(written, plan) is not None


@given(st.text(max_size=60), st.sampled_from(["GB", "DE", "CN"]))
def test_no_text_makes_normalisation_fail(text: str, region: str) -> None:
    found = identity.normalise_number(text, region)
    assert found is None or found[0] == "+"
    assert found is None or identity.normalise_number(found, region) == found


@pytest.mark.parametrize(
    "written",
    ["ann@example.com",
     " Ann@Example.COM ", "mailto:ann@example.com?subject=x", '"Ann" <ann@example.com>', "ann@example.com."],
)  # fmt: skip
def test_every_written_form_of_an_address_is_one_address(written: str) -> None:
    assert identity.normalise_email(written) == "ann@example.com"


@pytest.mark.parametrize("written", [None, "", "ann", "ann@", "@example.com", "ann@localhost", "a b@example.com"])
def test_what_is_no_address_is_nobody(written: str | None) -> None:
    assert identity.normalise_email(written) is None


def test_an_international_domain_is_one_address_in_both_spellings() -> None:
    assert identity.normalise_email("ann@bücher.example") == "ann@xn--bcher-kva.example"


def test_tags_in_addresses_are_kept() -> None:
    assert identity.normalise_email("ann+shop@example.com") != identity.normalise_email("ann@example.com")


def test_pseudonyms_are_hmac_sha256_of_kind_and_value() -> None:
    # printf 'caller\0+447946000037' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
    assert identity.caller_token("+447946000037", KEY) == "da635d44707a68c82d8b0e32c98bde21"


def test_kinds_keys_and_values_give_different_pseudonyms() -> None:
    text = "+447946000037"
    found = {
        identity.caller_token(text, KEY),
        identity.email_token(text, KEY),
        identity.customer_key(text, KEY),
        identity.caller_token(text, KEY[::-1]),
        identity.caller_token("+447946000038", KEY),
    }
    assert len(found) == 5
    assert all(len(token) == identity.TOKEN_HEX_CHARS and int(token, 16) >= 0 for token in found)


def test_blanks_around_a_customer_id_do_not_count_and_an_empty_one_is_refused() -> None:
    assert identity.customer_key(" C-1 ", KEY) == identity.customer_key("C-1", KEY)
    with pytest.raises(ValueError):
        identity.customer_key("  ", KEY)


def test_resolve_has_a_row_for_each_distinct_number_in_order() -> None:
    numbers = pl.Series(["07946000037", None, "anonymous", "+447946000037", "07946000037"])
    found = identity.resolve(numbers, "GB", KEY)
    token = identity.caller_token("+447946000037", KEY)
    assert found.rows() == [
        ("07946000037", "+447946000037", token),
        ("anonymous", None, None),
        ("+447946000037", "+447946000037", token),
    ]
    assert identity.resolve(pl.Series([], dtype=pl.String), "GB", KEY).schema == found.schema


def test_an_address_typed_with_a_full_width_at_is_the_same_address() -> None:
    assert identity.normalise_email("Ann＠example.org") == identity.normalise_email("ann@example.org")
    assert identity.normalise_email("07946000037") is None


def test_emails_and_customers_resolve_as_columns() -> None:
    emails = identity.resolve_emails(pl.Series(["Ann@example.com", "none"]), KEY)
    assert emails.rows() == [
        ("Ann@example.com", "ann@example.com", identity.email_token("ann@example.com", KEY)),
        ("none", None, None),
    ]
    customers = identity.resolve_customers(pl.Series([17, 17, 18]), KEY)
    assert customers.rows() == [("17", identity.customer_key("17", KEY)), ("18", identity.customer_key("18", KEY))]


def test_many_numbers_resolve_in_seconds() -> None:
    forms = ["+447{:09d}", "07{:09d}", "00447{:09d}", "447{:09d}"]
    numbers = pl.Series([forms[i % 4].format(i * 3331 % 10**9) for i in range(100_000)])
    started_at = time.perf_counter()
    found = identity.resolve(numbers, "GB", KEY)
    assert found["e164"].null_count() == 0
    assert time.perf_counter() - started_at < 5  # 0.4 s on a quiet core


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = identity.create_key(tmp_path)
    key = identity.load_key(tmp_path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert identity.create_key(tmp_path) == path
    assert identity.load_key(tmp_path) == key
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_home_without_a_secret_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no secret") as caught:
        identity.load_key(tmp_path)
    assert "callwright init" in str(caught.value.hint)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    identity.create_key(tmp_path).chmod(0o644)
    with pytest.raises(EnvironmentProblem, match="644"):
        identity.load_key(tmp_path)


def test_a_damaged_secret_is_refused(tmp_path: Path) -> None:
    identity.create_key(tmp_path).write_bytes(b"short")
    with pytest.raises(CallwrightError, match="damaged"):
        identity.load_key(tmp_path)
