"""Cards on Mercado Pago's hosted checkout, by page and by control (mercadopago.md 8.3, 9)."""

from datetime import datetime
from typing import Any

import pytest
import requests

from tests.simulator import samples
from tests.simulator.support import Inbox, MpClient

FORM = {
    "action": "card",
    "number": "5031 4332 1540 6351",
    "holder": "APRO",
    "expiry": "11/90",
    "ccv": "123",
}
OUTCOMES = {
    "APRO": ("approved", "accredited"),
    "OTHE": ("rejected", "cc_rejected_other_reason"),
    "CONT": ("in_process", "pending_contingency"),
    "CALL": ("rejected", "cc_rejected_call_for_authorize"),
    "FUND": ("rejected", "cc_rejected_insufficient_amount"),
    "SECU": ("rejected", "cc_rejected_bad_filled_security_code"),
    "EXPI": ("rejected", "cc_rejected_bad_filled_date"),
    "FORM": ("rejected", "cc_rejected_bad_filled_other"),
    "CARD": ("rejected", "cc_rejected_bad_filled_card_number"),
    "INST": ("rejected", "cc_rejected_invalid_installments"),
    "DUPL": ("rejected", "cc_rejected_duplicated_payment"),
    "LOCK": ("rejected", "cc_rejected_card_disabled"),
    "CTNA": ("rejected", "cc_rejected_card_type_not_allowed"),
    "ATTE": ("rejected", "cc_rejected_max_attempts"),
    "BLAC": ("rejected", "cc_rejected_blacklist"),
    "UNSU": ("rejected", "unsupported"),
    "TEST": ("rejected", "cc_amount_rate_limit_exceeded"),
}


def submit(preference: dict[str, Any], **changes: str) -> requests.Response:
    return requests.post(
        preference["init_point"], data=FORM | changes, allow_redirects="holder" in changes, timeout=60
    )


def attempts(mp: MpClient, reference: str = "chg_pref") -> list[dict[str, Any]]:
    return mp.get("/v1/payments/search", external_reference=reference, sort="id", criteria="asc")["results"]


def refusal(mp: MpClient, control: str, **body: Any) -> str:
    response = requests.post(f"{mp.simulator.url}/_control/{control}", json=body, timeout=60)
    assert response.status_code == 409, response.text
    return response.json()["error"]


@pytest.mark.parametrize("holder", OUTCOMES)
def test_holder_name_decides(mp: MpClient, holder: str) -> None:
    preference = mp.preference()
    submit(preference, holder=holder.lower())
    mp.simulator.control("pay_card", id=preference["id"], holder=holder)
    assert [(one["status"], one["status_detail"]) for one in attempts(mp)] == [OUTCOMES[holder]] * 2


def test_approved_card_payment_has_the_published_shape(mp: MpClient) -> None:
    preference = mp.preference(metadata={"charge": 1})
    submit(preference)
    [payment] = attempts(mp)
    assert list(payment) == samples.MP_CARD_PAYMENT
    assert list(payment["transaction_details"]) == samples.MP_CARD_DETAILS
    assert list(payment["card"]) == samples.MP_CARD
    assert payment["point_of_interaction"] == {
        "type": "CHECKOUT",
        "business_info": {"unit": "online_payments", "sub_unit": "checkout_pro"},
    }
    assert (payment["payment_method_id"], payment["payment_type_id"]) == ("master", "credit_card")
    assert (payment["installments"], payment["metadata"]) == (1, {"charge": 1})
    card = payment["card"]
    assert (card["first_six_digits"], card["last_four_digits"]) == ("503143", "6351")
    assert (card["expiration_month"], card["expiration_year"]) == (11, 2090)
    assert card["cardholder"]["name"] == "APRO"


def test_money_of_a_card_payment_is_that_of_the_sample(mp: MpClient) -> None:
    mp.preference()
    number = mp.simulator.control("pay_card", reference="chg_pref")["id"]
    payment = mp.get(f"/v1/payments/{number}")
    assert payment["fee_details"] == [
        {"type": "mercadopago_fee", "amount": 7.47, "fee_payer": "collector"},
    ]
    details = payment["transaction_details"]
    assert (details["net_received_amount"], details["installment_amount"]) == (142.43, 149.9)
    dates = (datetime.fromisoformat(payment[key]) for key in ("date_approved", "money_release_date"))
    approved, released = dates
    assert ((released - approved).days, payment["money_release_status"]) == (30, "pending")
    mp.simulator.advance(days=31)
    assert mp.get(f"/v1/payments/{number}")["money_release_status"] == "released"


def test_rejected_then_approved_are_two_payments_of_one_order(mp: MpClient, inbox: Inbox) -> None:
    preference = mp.preference(notification_url=inbox.url)
    page = submit(preference, holder="FUND").text
    assert "Pagamento recusado (cc_rejected_insufficient_amount)" in page and "Pagar com cartão" in page
    assert "Pagamento aprovado" in submit(preference, holder="APRO").text
    rejected, approved = attempts(mp)
    assert rejected["id"] != approved["id"] and rejected["order"] == approved["order"]
    assert (rejected["fee_details"], rejected["date_approved"]) == ([], None)
    assert rejected["transaction_details"]["net_received_amount"] == 0
    order = mp.get(f"/merchant_orders/{approved['order']['id']}")
    assert [one["status"] for one in order["payments"]] == ["rejected", "approved"]
    assert (order["order_status"], order["paid_amount"]) == ("paid", 149.9)
    told = {(one.json["action"], int(one.json["data"]["id"])) for one in inbox.wait(2)}
    assert told == {("payment.created", one["id"]) for one in (rejected, approved)}


def test_paid_preference_can_be_paid_again(mp: MpClient) -> None:
    preference = mp.preference()
    submit(preference)
    assert "Pagar de novo" in requests.get(preference["init_point"], timeout=60).text
    submit(preference)
    mp.simulator.control("pay_card", reference="chg_pref")
    mp.simulator.control("pay", id=preference["id"])
    paid = attempts(mp)
    assert [one["status"] for one in paid] == ["approved"] * 4
    assert len({one["order"]["id"] for one in paid}) == 1
    assert mp.get(f"/merchant_orders/{paid[0]['order']['id']}")["paid_amount"] == 599.6


@pytest.mark.parametrize(
    ("outcome", "end"),
    [("approve", ("approved", "accredited")), ("reject", ("rejected", "cc_rejected_high_risk"))],
)
def test_payment_in_review_is_decided_by_control(
    mp: MpClient, inbox: Inbox, outcome: str, end: tuple[str, str]
) -> None:
    preference = mp.preference(notification_url=inbox.url)
    assert "Pagamento em análise" in submit(preference, holder="CONT").text
    [waiting] = attempts(mp)
    order = f"/merchant_orders/{waiting['order']['id']}"
    assert mp.get(order)["order_status"] == "payment_in_process"
    mp.simulator.control("review", reference="chg_pref", outcome=outcome)
    [decided] = attempts(mp)
    assert (decided["status"], decided["status_detail"]) == end
    assert decided["id"] == waiting["id"]
    assert [one.json["action"] for one in inbox.wait(2)] == ["payment.created", "payment.updated"]
    assert "current payment state" in refusal(mp, "review", id=decided["id"], outcome=outcome)


def test_binary_mode_knows_no_review(mp: MpClient) -> None:
    mp.preference(binary_mode=True)
    assert mp.simulator.control("pay_card", reference="chg_pref", holder="CONT")["status"] == "rejected"


@pytest.mark.parametrize(
    ("terms", "pix", "card"),
    [
        ({"excluded_payment_types": [{"id": "bank_transfer"}]}, False, True),
        ({"excluded_payment_methods": [{"id": "pix"}]}, False, True),
        ({"excluded_payment_types": [{"id": "credit_card"}, {"id": "debit_card"}]}, True, False),
        ({"excluded_payment_methods": [{"id": "master"}]}, True, True),
    ],
)
def test_page_and_controls_respect_exclusions(
    mp: MpClient, terms: dict[str, Any], pix: bool, card: bool
) -> None:
    preference = mp.preference(payment_methods=terms)
    page = requests.get(preference["init_point"], timeout=60).text
    assert ("Pagar com PIX" in page, "Pagar com cartão" in page) == (pix, card)
    if not pix:
        assert "not offered by the preference: pix" in refusal(mp, "pay", reference="chg_pref")
        assert "not offered" in requests.post(preference["init_point"], timeout=60).text
    if terms.get("excluded_payment_methods") == [{"id": "master"}] or not card:
        assert "not offered by the preference: master" in refusal(mp, "pay_card", reference="chg_pref")
        assert "not offered" in submit(preference, holder="APRO").text
    assert attempts(mp) == []


def test_brands_of_the_test_cards(mp: MpClient) -> None:
    mp.preference()
    for number in ("4235 6477 2802 5682", "3753 651535 56885", "5067 7667 8388 8311"):
        mp.simulator.control("pay_card", reference="chg_pref", number=number)
    ways = [(one["payment_method_id"], one["payment_type_id"]) for one in attempts(mp)]
    assert ways == [("visa", "credit_card"), ("amex", "credit_card"), ("debelo", "debit_card")]
    error = refusal(mp, "pay_card", reference="chg_pref", number="9999999999999999")
    assert error == "Cannot infer Payment Method"


def test_expired_preference_is_closed(mp: MpClient) -> None:
    preference = mp.preference(expires=True, expiration_date_to="2030-01-01T00:00:00.000-04:00")
    mp.simulator.control("clock", now="2030-01-02T00:00:00Z")
    page = requests.get(preference["init_point"], timeout=60).text
    assert "Este link expirou" in page and "<form" not in page
    assert "expired" in submit(preference, holder="APRO").text
    for control in ("pay", "pay_card"):
        assert refusal(mp, control, reference="chg_pref") == "preference expired"
    assert attempts(mp) == []


def test_buyer_returns_by_the_outcome(mp: MpClient) -> None:
    urls = {key: f"https://shop.example.com/{key}" for key in ("success", "pending", "failure")}
    once = mp.preference(back_urls=urls, auto_return="approved")
    assert submit(once).headers["Location"].startswith("https://shop.example.com/success?collection_id=")
    waiting = mp.preference(back_urls=urls, auto_return="approved", external_reference="waits")
    page = submit(waiting, holder="CONT").text
    assert "https://shop.example.com/pending?" in page and "status=in_process" in page


def test_payment_made_by_the_api_takes_no_card(mp: MpClient) -> None:
    payment = mp.pix()
    response = requests.post(f"{mp.simulator.url}/_control/pay_card", json={"id": payment["id"]}, timeout=60)
    assert response.status_code == 400
    assert payment["card"] == {}
