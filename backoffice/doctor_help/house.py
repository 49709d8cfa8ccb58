"""What the doctor says of faults of the installation: its address, its proxy, its processes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from backoffice.doctor_help.parts import AGAIN_ALL, RESTART, Help

HOUSE: dict[str, Help] = {
    "public_url_not_https": Help(
        means=_(
            "PUBLIC_URL begins with http. Gateways notify https addresses only, and what customers type "
            "would travel unprotected."
        ),
        shows=_("Webhooks cannot be registered, and browsers call the payment pages not secure."),
        steps=(
            _("Get a certificate for the name: Caddy does so by itself, nginx with certbot."),
            _("Set PUBLIC_URL to the https address, without a path."),
            RESTART,
            AGAIN_ALL,
        ),
    ),
    "public_url_unreachable": Help(
        means=_(
            "The doctor knocked at PUBLIC_URL as a gateway would and got no answer, or an error of 500 "
            "and above."
        ),
        shows=_("Links to pay do not open, and the gateways' notifications fail."),
        steps=(
            _("Open PUBLIC_URL on a phone without the office's network."),
            _(
                "If it does not open: check the DNS record of the name, the certificate's last day, port "
                "443 in the firewall, and whether the web server runs."
            ),
            _(
                "If it opens: this server does not reach its own public address. Allow that in the router"
                " (NAT hairpin), or write the name into /etc/hosts with the inner address."
            ),
            AGAIN_ALL,
        ),
    ),
    "public_url_of_another": Help(
        means=_(
            "Something answered at PUBLIC_URL, but it was not this installation: another program, a login"
            " page or a protection against robots."
        ),
        shows=_("Customers see a foreign page, or the gateways' notifications get lost in it."),
        steps=(
            _("Open PUBLIC_URL followed by /healthz: it must answer with “ok”."),
            _("If it does not, correct the name in DNS or the address the reverse proxy hands on to."),
            _(
                "If it does in a browser only, switch off the login or robot check of the proxy for "
                "/webhooks/ and /doctor/echo/."
            ),
            AGAIN_ALL,
        ),
    ),
    "host_refused": Help(
        means=_(
            "The name in PUBLIC_URL is not in ALLOWED_HOSTS, so everything that comes by it is answered 400."
        ),
        shows=_("Pages show “Bad Request (400)”, and so do the gateways' notifications."),
        steps=(
            _("Add the name (without https:// and port) to ALLOWED_HOSTS."),
            RESTART,
            AGAIN_ALL,
        ),
    ),
    "host_altered": Help(
        means=_("The reverse proxy hands on another Host than the one that was asked for."),
        shows=_("Forms are refused, links lead to an inner address, or everything is answered 400."),
        steps=(
            _(
                "In nginx write “proxy_set_header Host $http_host;” into the location and reload it; "
                "Apache needs “ProxyPreserveHost On”; Caddy does so by itself."
            ),
            AGAIN_ALL,
        ),
    ),
    "https_not_told": Help(
        means=_(
            "Visitors come by https, but the reverse proxy does not tell this program, which takes it for"
            " http."
        ),
        shows=_("Pages turn in circles, or forms are refused with an error of security (CSRF)."),
        steps=(
            _(
                "In nginx write “proxy_set_header X-Forwarded-Proto $scheme;” into the location and "
                "reload it; behind another proxy hand on what that one set."
            ),
            AGAIN_ALL,
        ),
    ),
    "request_id_altered": Help(
        means=_(
            "Mercado Pago signs the x-request-id it sends. The reverse proxy puts another one in its "
            "place, so the signature cannot fit."
        ),
        shows=_("Every notification of Mercado Pago is refused with 401; those of Asaas arrive."),
        steps=(
            _(
                "Search the proxy's settings for x-request-id (nginx: proxy_set_header X-Request-Id; "
                "Envoy and Heroku set their own) and hand on the one that came, if one came."
            ),
            AGAIN_ALL,
            _("Mercado Pago sends again by itself, over four days; our own checks find the payments before."),
        ),
    ),
    "worker_silent": Help(
        means=_(
            "No worker has given a sign of life for 90 seconds. Workers ask the gateways and change the "
            "status of charges."
        ),
        shows=_("Notifications are taken in and wait; charges keep their status; no e-mail is sent."),
        steps=(
            _(
                "Look whether the service of the worker runs (systemctl status, docker ps), and read the "
                "end of its log."
            ),
            _("Start it: celery -A config worker -P threads."),
            _("Have the system start it again by itself after a crash and a reboot."),
        ),
        mended=_(
            "The fault goes seconds after the worker started, and the waiting notifications are worked "
            "through."
        ),
    ),
    "beat_silent": Help(
        means=_(
            "The process that wakes the workers by the clock (beat) has given no sign of life for 90 seconds."
        ),
        shows=_("Little: workers look by themselves, only less often."),
        steps=(
            _("Look whether its service runs, and read the end of its log."),
            _("Start it, exactly once in the whole installation: celery -A config beat."),
        ),
        mended=_("The fault goes within a minute after it started."),
    ),
    "broker_away": Help(
        means=_(
            "Redis (REDIS_URL) does not answer. It only carries wake-ups for the workers; nothing is "
            "stored in it."
        ),
        shows=_("Changes arrive some seconds later than usual."),
        steps=(
            _("On its server look whether it runs: redis-cli ping must answer PONG."),
            _("Check name, port and password in REDIS_URL, and the firewall between the two servers."),
            AGAIN_ALL,
        ),
    ),
    "migrations_missing": Help(
        means=_(
            "The program is newer than its database: tables or columns of this version are not there yet."
        ),
        shows=_("Some pages end in an error."),
        steps=(
            _("Make a backup of the database."),
            _("Run: python manage.py migrate"),
            RESTART,
            AGAIN_ALL,
        ),
    ),
    "clock_skewed": Help(
        means=_("The clock of one of your servers differs from the gateways' by more than two minutes."),
        shows=_(
            "Due dates and expiries are judged at the wrong moment, and good signed notifications may be "
            "taken for old ones."
        ),
        steps=(
            _("On the server that is named run “timedatectl”: it must say that the clock is synchronized."),
            _("If not: timedatectl set-ntp true (or start chrony), and allow port 123/UDP outwards."),
            AGAIN_ALL,
        ),
    ),
}
