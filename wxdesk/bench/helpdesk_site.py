"""The baseline of `wxdesk bench inbox`: a list page of django-helpdesk, in a process of its own.

Runs with the Python of a throw-away environment that has django-helpdesk and not wxdesk:
`python helpdesk_site.py FOLDER TICKETS OPEN MESSAGES`; prints one JSON object.
"""
# mypy: ignore-errors

import json
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

PAGE = 50
RUNS = 12
BATCH = 5_000
OPEN, RESOLVED = 1, 3
APPS = ("admin", "auth", "contenttypes", "sessions", "messages", "sites", "humanize", "staticfiles")
MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)
PROCESSORS = ("debug", "request")


def main(folder: Path, tickets: int, open_ones: int, messages: int) -> None:
    _configure(folder)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    _seed(tickets, open_ones, messages)
    print(json.dumps(_times()))


def _configure(folder: Path) -> None:
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="bench",  # noqa: S106
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "db.sqlite3")}
        },
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in APPS), "rest_framework", "helpdesk"],
        MIDDLEWARE=list(MIDDLEWARE),
        ROOT_URLCONF="helpdesk_site",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        *(f"django.template.context_processors.{name}" for name in PROCESSORS),
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        USE_TZ=True,
        SITE_ID=1,
        STATIC_URL="/static/",
        LOGIN_URL="/login/",
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HELPDESK_TEAMS_MODE_ENABLED=False,
    )
    sys.modules["helpdesk_site"] = sys.modules[__name__]
    django.setup()
    from django.urls import include, path

    globals()["urlpatterns"] = [path("", include("helpdesk.urls", namespace="helpdesk"))]


def _seed(tickets: int, open_ones: int, messages: int) -> None:
    """The newest `open_ones` are open; each ticket has its share of the messages."""
    from django.contrib.auth import get_user_model
    from helpdesk.models import FollowUp, Queue, Ticket

    queue = Queue.objects.create(title="Desk", slug="desk")
    agents = [
        get_user_model().objects.create_user(f"agent{number}", is_staff=True, is_superuser=True)
        for number in range(20)
    ]
    start = datetime.now(UTC) - timedelta(days=730)  # noqa: TID251 -- no wxdesk here
    step = timedelta(days=730) / tickets
    for first in range(0, tickets, BATCH):
        made = Ticket.objects.bulk_create(
            Ticket(
                title=f"订单 {number} 三天了还没有发货",
                queue=queue,
                created=start + number * step,
                modified=start + number * step,
                submitter_email=f"customer{number}@example.com",
                assigned_to=agents[number % 20] if number % 2 else None,
                status=OPEN if number >= tickets - open_ones else RESOLVED,
                description="能帮我看看吗",
                priority=3,
            )
            for number in range(first, min(first + BATCH, tickets))
        )
        FollowUp.objects.bulk_create(
            (
                FollowUp(
                    ticket=ticket, date=ticket.created, title="Comment", comment="能帮我看看吗"
                )
                for ticket in made
                for _ in range(messages // tickets)
            ),
            batch_size=BATCH,
        )


def _times() -> dict[str, object]:
    """Milliseconds of the ticket list's rows and page, in process, after a first try of each."""
    import django
    import helpdesk
    from django.contrib.auth import get_user_model
    from django.test import Client
    from helpdesk.query import query_to_base64

    client = Client()
    client.force_login(get_user_model().objects.get(username="agent0"))
    query = query_to_base64(
        {"filtering": {"status__in": [1, 2]}, "sorting": "created", "sortreverse": False}
    )
    rows = f"/datatables_ticket_list/{query}?draw=1&start=0&length={PAGE}"
    return {
        "version": getattr(helpdesk, "__version__", ""),
        "django": django.get_version(),
        "rows_p50_ms": _time(client, rows),
        "page_p50_ms": _time(client, "/tickets/"),
    }


def _time(client: object, path: str) -> float:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        answer = client.get(path)
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.content[:500]!r}")
    if "datatables" in path and len(answer.json()["data"]) != PAGE:
        raise SystemExit("the list holds fewer rows than a page")
    return round(statistics.median(times[1:]), 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(number) for number in sys.argv[2:5]))
