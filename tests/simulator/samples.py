"""Key orders of the published samples (asaas.md 7, mercadopago.md 9), written down once."""

from typing import Any


def keys(text: str) -> list[str]:
    return text.split()


ASAAS_CUSTOMER = keys(
    "object id dateCreated name email company phone mobilePhone address addressNumber complement province "
    "postalCode cpfCnpj personType deleted additionalEmails externalReference notificationDisabled "
    "observations municipalInscription stateInscription canDelete cannotBeDeletedReason canEdit "
    "cannotEditReason city cityName state country"
)

_HEAD = (
    "object id dateCreated customer checkoutSession paymentLink value netValue originalValue "
    "interestValue description billingType"
)
_TAIL = (
    "status dueDate originalDueDate paymentDate clientPaymentDate installmentNumber invoiceUrl "
    "invoiceNumber externalReference deleted anticipated anticipable creditDate estimatedCreditDate "
    "transactionReceiptUrl nossoNumero bankSlipUrl lastInvoiceViewedDate lastBankSlipViewedDate discount "
    "fine interest postalService escrow refunds"
)
ASAAS_PAYMENT = {
    "PIX": keys(f"{_HEAD} pixTransaction {_TAIL}"),
    "BOLETO": keys(f"{_HEAD} canBePaidAfterDueDate pixTransaction {_TAIL}"),
    "UNDEFINED": keys(f"{_HEAD} pixTransaction {_TAIL}"),
    "CREDIT_CARD": keys(f"{_HEAD} confirmedDate creditCard pixTransaction {_TAIL}"),
    "PIX paid": keys(f"{_HEAD} confirmedDate pixTransaction pixQrCodeId {_TAIL}"),
    "BOLETO confirmed": keys(f"{_HEAD} canBePaidAfterDueDate confirmedDate pixTransaction {_TAIL}"),
}
ASAAS_WEBHOOK = keys(
    "id name url email enabled interrupted apiVersion hasAuthToken sendType penalizedRequestsCount events"
)
MP_USER = keys(
    "id nickname registration_date first_name last_name country_id email identification address phone "
    "user_type tags logo points site_id permalink company status"
)
MP_PREFERENCE = keys(
    "additional_info auto_return back_urls binary_mode client_id collector_id coupon_code coupon_labels "
    "date_created date_of_expiration expiration_date_from expiration_date_to expires external_reference "
    "id init_point internal_metadata items marketplace marketplace_fee metadata notification_url "
    "operation_type payer payment_methods processing_modes product_id redirect_urls sandbox_init_point "
    "site_id shipments statement_descriptor total_amount last_updated"
)
MP_PAYMENT = keys(
    "id date_created date_approved date_last_updated date_of_expiration money_release_date operation_type "
    "issuer_id payment_method_id payment_type_id payment_method status status_detail currency_id "
    "description live_mode authorization_code taxes_amount shipping_amount collector_id payer metadata "
    "additional_info order external_reference transaction_amount transaction_amount_refunded "
    "coupon_amount installments transaction_details fee_details charges_details captured binary_mode "
    "statement_descriptor card notification_url refunds processing_mode point_of_interaction"
)
MP_CARD_PAYMENT = [*MP_PAYMENT]
MP_CARD_PAYMENT.insert(MP_PAYMENT.index("money_release_date") + 1, "money_release_status")
MP_CARD_DETAILS = keys(
    "net_received_amount total_paid_amount overpaid_amount external_resource_url installment_amount "
    "financial_institution"
)
MP_CARD = keys(
    "id first_six_digits last_four_digits expiration_month expiration_year date_created "
    "date_last_updated cardholder"
)
MP_TRANSACTION_DATA = keys(
    "qr_code qr_code_base64 ticket_url bank_transfer_id transaction_id financial_institution bank_info"
)
MP_ORDER = keys(
    "id status external_reference preference_id payments shipments payouts collector marketplace "
    "notification_url date_created last_updated sponsor_id shipping_cost total_amount site_id paid_amount "
    "refunded_amount payer items cancelled additional_info application_id is_test order_status"
)
MP_PLAN = keys(
    "id back_url collector_id application_id reason status date_created last_modified init_point "
    "auto_recurring payment_methods_allowed"
)
MP_PLAN_TERMS = keys(
    "frequency frequency_type transaction_amount currency_id repetitions billing_day "
    "billing_day_proportional free_trial"
)
MP_SUBSCRIPTION = keys(
    "id payer_id payer_email back_url collector_id application_id status reason external_reference "
    "date_created last_modified init_point auto_recurring payment_method_id card_id next_payment_date "
    "first_invoice_offset version summarized"
)
MP_SUBSCRIPTION_TERMS = keys(
    "frequency frequency_type transaction_amount currency_id start_date end_date free_trial"
)
MP_INVOICE = keys(
    "id type status summarized preapproval_id reason external_reference currency_id transaction_amount "
    "debit_date next_retry_date retry_attempt payment_method_id date_created last_modified payment"
)
MP_CHARGEBACK = keys(
    "id payments currency amount coverage_applied coverage_elegible documentation_required "
    "documentation_status documentation date_documentation_deadline date_created date_last_updated live_mode"
)
MP_SUBSCRIPTION_NOTIFICATION = keys("action application_id data date entity id type version")
MP_CHARGEBACK_NOTIFICATION = keys(
    "actions api_version application_id data date_created id live_mode type user_id version"
)
MP_NOTIFICATION = keys("action api_version data date_created id live_mode type user_id")

PUBLISHED_QR = (
    "00020126580014br.gov.bcb.pix01367f3c1b52-90aa-4c1e-8f6d-2b1f0c9d4e105204000053039865406149.905802BR5917"
    "LOJA EXEMPLO LTDA6009Sao Paulo62240520mpqrinter98000123456630447F9"
)

EVENT_HASHES = {
    "PAYMENT_CREATED": "05b708f961d739ea7eba7e4db318f621",
    "PAYMENT_UPDATED": "2539587467a5b78191b6e3d954172c68",
    "PAYMENT_RECEIVED": "d26e303b238e509335ac9ba210e51b0f",
    "PAYMENT_OVERDUE": "071da53af2a9613df04213d0157d6b88",
    "PAYMENT_DELETED": "d545b50fbb17a226c5f4f4fd193922b7",
    "PAYMENT_RESTORED": "a25622cfc5a6c68e4ddeaf5f672332b8",
    "PAYMENT_CONFIRMED": "15e444ff9b9ab9ec29294aa1abe68025",
    "PAYMENT_REFUNDED": "d313266b1bd58128da69a2a96d82e79e",
    "PAYMENT_PARTIALLY_REFUNDED": "9073df323efd9c907a7bd6007b3719bc",
    "SUBSCRIPTION_CREATED": "6561b631fa5580caadd00bbe3b858607",
    "CHECKOUT_PAID": "20f793f686aa4783d486a40e3c6b91d1",
    "PAYMENT_CHECKOUT_VIEWED": "bdaf5c611b55dc82906787d5bfe1e5e2",
}


def fields_of(text: str) -> dict[str, Any]:
    """Reads the tag-length-value fields of a BR Code; fails where a length is wrong."""
    fields, place = {}, 0
    while place < len(text):
        tag, length = text[place : place + 2], int(text[place + 2 : place + 4])
        fields[tag] = text[place + 4 : place + 4 + length]
        assert len(fields[tag]) == length
        place += 4 + length
    return fields
