"""Who gets in: roles, sessions, tokens, CSRF, lockout, headers. Deny by default."""

import re

import pytest
from cast import (
    PASSWORD,
    PASSWORD_HASH,
    WANG,
    Api,
    Browser,
    agent_answers,
    customer_writes,
    hire,
    make_account,
)
from flask import Flask
from sqlalchemy import select

from wxdesk.agents import passwords
from wxdesk.agents.access import check_marks, permission_of
from wxdesk.agents.models import Agent, ApiToken
from wxdesk.agents.operations import AgentForm, create_agent, create_token
from wxdesk.agents.rules import ALL_PERMISSIONS, PERMISSIONS, Role
from wxdesk.app import create_app
from wxdesk.inbox.openapi import document
from wxdesk.plumbing.errors import InvalidInputError, NotFoundError

pytestmark = pytest.mark.one_database

PEOPLE = {"lin": Role.AGENT, "chen": Role.MARKETER, "zhou": Role.SUPERVISOR, "admin": Role.ADMIN}


def address(rule) -> str:
    """The rule's path with a number or a word in each gap."""
    return re.sub(r"<(\w+)(?:\([^)]*\))?:\w+>", "999999", re.sub(r"<\w+>", "word", rule.rule))


def changing(rule) -> str:
    return next(iter(sorted(rule.methods - {"HEAD", "OPTIONS"}, reverse=True)))


@pytest.fixture
def api_rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]


class TestTheGate:
    def test_every_endpoint_names_its_permission(self, app):
        known = ALL_PERMISSIONS | {"public", "logged in", "signed session"}
        for rule in app.url_map.iter_rules():
            assert permission_of(app, rule.endpoint) in known, rule.rule

    def test_an_app_with_an_unmarked_endpoint_does_not_start(self):
        app = Flask("x")
        app.add_url_rule("/open", "open", lambda: "for everybody")
        with pytest.raises(KeyError, match="open"):
            check_marks(app)

    def test_only_these_addresses_are_public(self, app):
        public = {
            rule.rule
            for rule in app.url_map.iter_rules()
            if permission_of(app, rule.endpoint) == "public"
        }
        assert public == {
            "/wechat/<slug>",
            "/login",
            "/language",
            "/invitation/<token>",
            "/healthz",
            "/readyz",
            "/metrics",
            "/static/<path:filename>",
            "/static/v-<release>/<path:filename>",
        }

    def test_nobody_reaches_anything_else_without_a_log_in(self, app):
        client = app.test_client()
        for rule in app.url_map.iter_rules():
            if permission_of(app, rule.endpoint) == "public":
                continue
            answer = client.open(address(rule), method=changing(rule))
            if rule.rule.startswith(("/api/", "/live")) or changing(rule) != "GET":
                assert answer.status_code in (400, 401), rule.rule
            else:
                assert answer.status_code == 302, rule.rule
                assert answer.location.startswith("/login?next="), rule.rule

    def test_each_role_reaches_exactly_what_its_permissions_say(self, app, runtime, team):
        for name, role in PEOPLE.items():
            api = Api(app.test_client(), runtime, getattr(team, name))
            for rule in app.url_map.iter_rules():
                permission = permission_of(app, rule.endpoint)
                if permission not in ALL_PERMISSIONS:
                    continue
                answer = api.client.open(
                    address(rule), method=changing(rule), headers=api.headers, json={}
                )
                is_refused = answer.status_code == 403
                assert is_refused is (permission not in PERMISSIONS[role]), (name, rule.rule)
                assert answer.status_code < 500 or answer.status_code == 501, (name, rule.rule)


class TestSessions:
    @pytest.fixture
    def lin(self, app, team) -> Browser:
        browser = Browser(app.test_client())
        assert browser.log_in("lin").status_code == 302
        return browser

    def test_lin_logs_in_works_and_logs_out(self, lin):
        assert lin.get("/inbox").status_code == 200
        assert lin.get("/api/v1/me").json["name"] == "Lin"
        assert lin.post("/logout").status_code == 302
        assert lin.get("/inbox").status_code == 302

    def test_an_ended_session_is_out_at_once(self, lin, runtime, team):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).session_epoch += 1
        assert lin.get("/api/v1/me").status_code == 401

    def test_a_person_who_was_switched_off_is_out_at_once(self, lin, runtime, team):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).is_active = False
        assert lin.get("/api/v1/me").status_code == 401

    def test_a_forged_cookie_is_nobody(self, app, lin):
        app.test_client()
        lin.client.set_cookie("wxdesk", "eyJhZ2VudF9pZCI6MSwiZXBvY2giOjF9.aaaaaa.bbbbbb")
        assert lin.get("/api/v1/me").status_code == 401

    def test_the_cookie_is_not_for_scripts_and_not_for_other_sites(self, app, team):
        browser = Browser(app.test_client())
        cookie = browser.log_in("lin").headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie

    def test_behind_tls_the_cookie_is_secure(self, build_runtime, redis_server):
        runtime = build_runtime(
            WXDESK_REDIS_URL=redis_server.url, WXDESK_PUBLIC_URL="https://desk.example.com"
        )
        hire(runtime)
        client = create_app(runtime).test_client()
        client.get("/login", headers={"X-Forwarded-Proto": "https"})
        answer = client.get("/login", headers={"X-Forwarded-Proto": "https"})
        cookie = client.get_cookie("wxdesk")
        assert answer.status_code == 200
        assert cookie is None or cookie.secure

    def test_who_is_logged_in_sees_no_log_in_page(self, lin):
        assert lin.get("/login").status_code == 302


class TestCsrf:
    @pytest.fixture
    def lin(self, app, team) -> Browser:
        browser = Browser(app.test_client())
        browser.log_in("lin")
        return browser

    def test_a_browser_needs_the_token_of_its_page(self, lin, runtime, account):
        conversation = customer_writes(runtime, account).conversation_id
        path = f"/api/v1/conversations/{conversation}/resolve"
        assert lin.client.post(path).status_code == 400
        assert lin.client.post(path, headers={"X-CSRFToken": "junk"}).status_code == 400
        assert lin.post_json(path, {}).status_code == 200

    def test_a_token_of_another_session_does_not_help(self, app, lin, team):
        other = Browser(app.test_client())
        other.log_in("mei")
        lin.csrf = other.csrf
        assert lin.post("/logout").status_code == 400

    def test_even_the_log_in_needs_it(self, browser, team):
        form = {"email": "lin@example.com", "password": PASSWORD}
        assert browser.client.post("/login", data=form).status_code == 400

    def test_a_script_with_a_token_needs_none(self, app, runtime, team, account):
        api = Api(app.test_client(), runtime, team.lin)
        conversation = customer_writes(runtime, account).conversation_id
        assert api.post(f"/conversations/{conversation}/resolve").status_code == 200

    def test_a_junk_token_beside_a_session_is_nobody(self, lin, runtime, account):
        """Else any site could add the header and go around CSRF with the victim's cookie."""
        conversation = customer_writes(runtime, account).conversation_id
        answer = lin.client.post(
            f"/api/v1/conversations/{conversation}/resolve",
            headers={"Authorization": "Bearer junk"},
        )
        assert answer.status_code == 401


class TestTokens:
    def test_a_token_works_until_its_person_is_switched_off(self, app, runtime, team):
        with runtime.unit_of_work() as uow:
            token = create_token(uow, email="LIN@example.com", name="script")
        client = app.test_client()
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/api/v1/me", headers=headers).json["name"] == "Lin"
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).is_active = False
        assert client.get("/api/v1/me", headers=headers).status_code == 401

    def test_the_token_itself_is_stored_nowhere(self, runtime, team):
        with runtime.unit_of_work() as uow:
            token = create_token(uow, email="lin@example.com", name="script")
        with runtime.reading() as session:
            row = session.scalars(select(ApiToken)).one()
        assert token not in (row.token_hash, row.name)
        assert len(token) > 30

    @pytest.mark.parametrize("header", ["Bearer ", "Bearer x", "Basic bGlu", "bearer", "Bearer é"])
    def test_any_other_header_is_nobody(self, app, team, header):
        client = app.test_client()
        assert client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401

    def test_a_token_for_nobody_is_refused(self, runtime, team):
        with pytest.raises(NotFoundError), runtime.unit_of_work() as uow:
            create_token(uow, email="nobody@example.com", name="script")


class TestLoggingIn:
    def test_wrong_unknown_and_locked_are_answered_alike(self, browser, runtime, team, clock):
        wrong = browser.log_in("lin", "wrong password")
        unknown = browser.log_in("nobody", "wrong password")
        assert wrong.status_code == unknown.status_code == 401
        same = [
            re.sub(r'value="[^"]*"|content="[^"]*"', "", page.text) for page in (wrong, unknown)
        ]
        assert same[0] == same[1]

    def test_five_wrong_passwords_lock_for_ten_minutes(self, app, runtime, team, clock):
        browser = Browser(app.test_client())
        for _ in range(5):
            assert browser.log_in("lin", "wrong password").status_code == 401
        assert browser.log_in("lin").status_code == 401
        clock.advance(minutes=9, seconds=59)
        assert browser.log_in("lin").status_code == 401
        clock.advance(seconds=2)
        assert browser.log_in("lin").status_code == 302

    def test_trying_while_locked_does_not_lock_for_longer(self, app, runtime, team, clock):
        browser = Browser(app.test_client())
        for _ in range(8):
            browser.log_in("lin", "wrong password")
        clock.advance(minutes=10, seconds=1)
        assert browser.log_in("lin").status_code == 302

    def test_a_right_password_forgets_the_wrong_ones(self, app, team):
        for _ in range(2):
            browser = Browser(app.test_client())
            for _ in range(4):
                browser.log_in("lin", "wrong password")
            assert browser.log_in("lin").status_code == 302

    def test_twenty_tries_a_minute_from_one_address_and_no_more(
        self, browser, team, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(passwords, "_nobody", [PASSWORD_HASH])  # soon checked
        for number in range(20):
            answer = browser.log_in(f"nobody{number}", "")
            assert answer.status_code == 401
        assert browser.log_in("lin").status_code == 429

    def test_a_person_who_was_switched_off_does_not_get_in(self, browser, runtime, team):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).is_active = False
        assert browser.log_in("lin").status_code == 401

    @pytest.mark.parametrize(
        "target",
        [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "\\\\evil.example",
            "/%0a/evil",
            "evil.example",
            "/\n/evil.example",
        ],
    )
    def test_a_link_to_our_log_in_sends_nobody_elsewhere(self, browser, team, target):
        location = browser.log_in("lin", next=target).location
        assert location in ("/inbox", "/%0a/evil")

    def test_after_the_log_in_one_is_where_one_wanted_to_go(self, browser, team):
        assert browser.log_in("lin", next="/inbox/42?x=1").location == "/inbox/42?x=1"
        turned_away = browser.client.application.test_client().get("/inbox/42")
        assert turned_away.location == "/login?next=/inbox/42"

    def test_redis_away_still_lets_people_in(self, build_runtime, own_redis, caplog):
        runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
        hire(runtime)
        browser = Browser(create_app(runtime).test_client())
        own_redis.stop()
        assert browser.log_in("lin").status_code == 302

    def test_the_language_is_remembered(self, browser, team):
        browser.get("/login")
        assert browser.post("/language", locale="zh_CN").status_code == 302
        assert 'lang="zh-CN"' in browser.get("/login").text
        assert browser.post("/language", locale="de").status_code == 400


class TestAnswers:
    @pytest.mark.parametrize("path", ["/login", "/healthz", "/nothing", "/api/v1/me", "/inbox"])
    def test_every_answer_has_the_strict_headers(self, browser, path):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"

    def test_browsers_keep_the_files_of_this_release_and_no_others(self, browser):
        page = browser.get("/login").text
        (release,) = re.findall(r'href="/static/(v-[0-9a-f]{12})/css/app\.css"', page)
        kept = browser.get(f"/static/{release}/css/app.css").headers["Cache-Control"]
        assert kept == "public, max-age=31536000, immutable"
        for asked_again in ("/static/v-000000000000/css/app.css", "/static/css/app.css"):
            assert browser.get(asked_again).headers["Cache-Control"] == "no-cache"
        missing = browser.get(f"/static/{release}/css/nothing.css")
        assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "no-store")

    def test_a_browser_with_a_session_keeps_them_as_well(self, browser, team):
        browser.log_in("lin")
        (path,) = re.findall(
            r'href="(/static/v-[0-9a-f]{12}/css/app\.css)"', browser.get("/inbox").text
        )
        answer = browser.client.get(path)
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert "Set-Cookie" in browser.client.get("/inbox").headers

    def test_a_part_of_a_file_is_not_compressed(self, browser):
        asked = {"Accept-Encoding": "gzip", "Range": "bytes=0-1999"}
        answer = browser.client.get("/static/css/app.css", headers=asked)
        assert (answer.status_code, len(answer.data)) == (206, 2000)

    @pytest.mark.parametrize("algorithm", ["gzip", "br", "zstd"])
    def test_texts_are_compressed_once_and_asked_for_again_by_their_tag(self, browser, algorithm):
        path, asked = "/static/inbox/composer.js", {"Accept-Encoding": algorithm}
        plain = browser.client.get(path)
        for answer in (
            browser.client.get(path, headers=asked),
            browser.client.get(path, headers=asked),
        ):
            assert answer.headers["Content-Encoding"] == algorithm
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert len(answer.data) == answer.content_length < len(plain.data) / 2
        again = browser.client.get(path, headers=asked | {"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        other = browser.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (other.status_code, other.data) == (200, plain.data)

    def test_pages_with_secrets_and_sounds_are_not_compressed(self, browser):
        for path in ("/login", "/static/sound/message.wav"):
            answer = browser.client.get(path, headers={"Accept-Encoding": "gzip"})
            assert "Content-Encoding" not in answer.headers

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/api/v1/nothing", 404),
            ("GET", "/api/v1/me", 401),
            ("DELETE", "/api/v1/me", 405),
            ("GET", "/live", 401),
        ],
    )
    def test_errors_of_the_api_are_problems_in_json(self, browser, method, path, status):
        answer = browser.client.open(path, method=method)
        assert answer.status_code == status
        assert answer.mimetype == "application/problem+json"
        assert answer.json["status"] == status
        assert answer.json["detail"]

    def test_errors_of_pages_are_pages(self, browser):
        answer = browser.get("/nothing")
        assert (answer.status_code, answer.mimetype) == (404, "text/html")

    def test_a_body_that_is_too_large_is_413(self, app, runtime, team):
        api = Api(app.test_client(), runtime, team.lin)
        assert api.post("/conversations/1/messages", {"text": "x" * 2**21}).status_code == 413

    def test_json_with_a_wrong_content_type_is_named(self, app, runtime, team):
        api = Api(app.test_client(), runtime, team.lin)
        answer = api.client.post("/api/v1/conversations/1/messages", data="{}", headers=api.headers)
        assert (answer.status_code, answer.json["field"]) == (422, "body")

    def test_the_problem_is_in_the_language_of_the_reader(self, app, runtime, team):
        with runtime.unit_of_work() as uow:
            uow.session.get_one(Agent, team.lin).locale = "zh_CN"
        api = Api(app.test_client(), runtime, team.lin)
        detail = api.get("/conversations/999999").json["detail"]
        forbidden = api.get("/accounting").json["detail"]
        assert detail
        assert re.search("[\u4e00-\u9fff]", forbidden)

    def test_what_is_documented_but_not_built_says_so(self, app, runtime, team):
        api = Api(app.test_client(), runtime, team.admin)
        answer = api.client.open("/api/v1/surge", headers=api.headers)
        assert (answer.status_code, answer.mimetype) == (501, "application/problem+json")

    def test_every_page_opens_for_the_admin(self, app, runtime, team, account):
        api = Api(app.test_client(), runtime, team.admin)
        for path in ("/inbox", "/settings", "/settings/rules", "/settings/rules/new"):
            assert api.page(path).status_code == 200, path
        for path in ("/settings/sla", "/settings/accounting", "/settings/set-aside"):
            assert api.page(path).status_code == 200, path


class TestTheDocument:
    def test_it_names_every_route_of_the_api_and_no_other(self, api_rules):
        routes = {
            (method.lower(), re.sub(r"<(?:[^:<>]*:)?(\w+)>", r"{\1}", rule.rule[len("/api/v1") :]))
            for rule in api_rules
            for method in rule.methods - {"HEAD", "OPTIONS"}
        }
        documented = {
            (method, path) for path, methods in document()["paths"].items() for method in methods
        }
        assert routes == documented

    def test_every_reference_in_it_leads_somewhere(self):
        whole = document()
        for name in set(re.findall(r"#/components/schemas/(\w+)", str(whole))):
            assert name in whole["components"]["schemas"]

    def test_answers_have_exactly_the_documented_fields(self, app, runtime, account, team):
        api = Api(app.test_client(), runtime, team.admin)
        message = customer_writes(runtime, account)
        agent_answers(runtime, message, team.lin)
        schemas = document()["components"]["schemas"]
        for path, name in [
            (f"/conversations/{message.conversation_id}", "Conversation"),
            (f"/conversations/{message.conversation_id}/thread", "Thread"),
            ("/me", "Me"),
            ("/inbox/counts", "Counts"),
            ("/accounting", "Accounting"),
        ]:
            assert set(api.get(path).json) == set(schemas[name]["properties"]), path
        for item in api.get("/messages").json["items"]:
            assert set(item) == set(schemas["Message"]["properties"])


class TestHealth:
    def test_all_is_well(self, browser):
        assert browser.get("/healthz").json == {"status": "ok"}
        ready = browser.get("/readyz")
        assert ready.status_code == 200
        assert ready.json["checks"] == {"database": True, "redis": True, "migrations": True}

    def test_redis_away_is_503_and_metrics_still_come(self, build_runtime, own_redis):
        runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
        client = create_app(runtime).test_client()
        own_redis.stop()
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json["checks"]["redis"]) == (503, False)
        assert client.get("/healthz").status_code == 200
        assert "wxdesk_redis_up 0.0" in client.get("/metrics").text

    def test_an_empty_database_is_503(self, build_runtime, redis_server, tmp_path):
        runtime = build_runtime(
            WXDESK_REDIS_URL=redis_server.url,
            WXDESK_DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3",
        )
        client = create_app(runtime).test_client()
        assert client.get("/readyz").json["checks"]["migrations"] is False
        assert "wxdesk_database_up 0.0" in client.get("/metrics").text

    def test_the_metrics_count_and_name_nobody(self, browser, runtime, account, webhook):
        webhook.deliver(webhook.fields("我的订单呢"))
        customer_writes(runtime, account)
        text = browser.get("/metrics").text
        assert 'wxdesk_intake_queued{stream="direct"} 1.0' in text
        assert f'wxdesk_intake_accepted_total{{account_id="{account.id}"}} 1.0' in text
        assert "wxdesk_conversations_open 1.0" in text
        assert WANG not in text


class TestNewPeople:
    def form(self, **values) -> AgentForm:
        fields = {
            "email": " Lin@Example.com ",
            "name": "Lin",
            "role": Role.AGENT,
            "password": PASSWORD,
        }
        return AgentForm(**(fields | values))

    def test_an_address_is_kept_in_small_letters_and_once(self, runtime):
        with runtime.unit_of_work() as uow:
            assert create_agent(uow, self.form()).email == "lin@example.com"
        with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
            create_agent(uow, self.form(email="LIN@example.COM"))
        assert caught.value.field == "email"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "lin"),
            ("email", "a b@c"),
            ("email", ""),
            ("name", " "),
            ("name", "x" * 61),
            ("password", "short"),
            ("password", "x" * 201),
        ],
    )
    def test_what_can_not_be_taken_is_named(self, runtime, field, value):
        with pytest.raises(InvalidInputError) as caught, runtime.unit_of_work() as uow:
            create_agent(uow, self.form(**{field: value}))
        assert caught.value.field == field

    def test_the_password_is_stored_nowhere(self, runtime):
        with runtime.unit_of_work() as uow:
            agent = create_agent(uow, self.form())
        assert PASSWORD not in agent.password_hash
        assert agent.password_hash.startswith("$argon2id$")


def test_an_account_of_another_desk_stays_invisible_to_the_webhook(app, runtime, account):
    make_account(runtime, slug="other", original_id="gh_other", app_id="wx_other")
    assert app.test_client().get("/wechat/OTHER").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/wechat/", 404), ("GET", "/wechat/a/b", 404), ("DELETE", "/wechat/a", 405)],
)
def test_beside_the_webhook_there_is_nothing_and_no_session(app, method, path, status):
    answer = app.test_client().open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "text/plain")
