"""What strangers send is text: nothing of it runs, loads or speaks, and blind is blind."""

import pytest

from reviews.models import Decision
from tests import factories

CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "'-alert(1)-'",
    "{{ 7|add:7 }}{% debug %}",
    '<a href="https://evil.example/" hx-get="/sign-in" hx-trigger="load">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<form action="https://evil.example/"><input name=x autofocus onfocus=alert(1)>',
    "<style>*{background:url(https://evil.example/)}</style>",
    "[x](javascript:alert(1)) ![x](https://evil.example/x.png) <https://evil.example>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "\u202egnp.exe\u202c",
]


def attack(number: int, text: str) -> dict:
    return factories.a_payload(
        external_id=f"{number} {text}"[:200],
        input={"text": text, text[:60]: [text, {"deep": text}], "more": text * 3},
        output={"label": text[:200]},
        scores={text[:100]: 0.58, "balance": 0.2},
        scenario_type=text[:100],
        characteristics={text[:60]: text},
        model={"name": text[:100], "version": text[:100]},
    )


def intruders(page) -> int:
    return page.evaluate("""
        document.querySelectorAll(
            "#desk script, #desk iframe, #desk style, #desk img:not(.brand img), "
            + "#desk [onerror], #desk [onload], #desk [onfocus], #desk a[href^='javascript'], "
            + "#desk a[href*='evil']:not(.prose a[rel~=noopener]), "
            + "#desk [hx-trigger]:not(details.time[hx-get^='/items/'])").length
    """)


def test_what_is_ingested_is_shown_as_text(window, bot, now):
    document = factories.pipeline_document(
        question={"kind": "choice", "prompt": "Which?", "choices": CORPUS[:3], "allow_other": True},
        guideline="\n\n".join(CORPUS),
    )
    factories.apply(document)
    factories.send(bot, *(attack(n, text) for n, text in enumerate(CORPUS)), now=now)
    view = window(factories.a_person())
    view.start()
    page = view.page

    for _ in CORPUS:
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        assert intruders(page) == 0
        assert "<script>alert(1)</script>" in page.inner_text("#desk")
        before = page.url
        page.keyboard.press("x")
        page.keyboard.press("1")
        page.keyboard.press("c")
        page.keyboard.press("Space")
        page.fill("#rationale", "".join(CORPUS))
        page.keyboard.press("Control+Enter")
        view.moved(before)

    assert Decision.objects.count() == len(CORPUS)
    decided = Decision.objects.first()
    view.go(f"/review/assignment/{decided.assignment_id}")
    assert intruders(page) == 0
    assert view.faults == []


def test_a_blind_item_holds_no_prediction_in_page_or_network(window, bot, now):
    factories.apply(factories.pipeline_document(question={"kind": "text", "prompt": "What?"}))
    factories.an_item(
        bot, "high", now=now, output={"text": "zebrafish"}, confidence=0.1234,
        scores={"zebrafish": 0.1234, "narwhal": 0.0777}, scenario_type="narwhal",
    )  # fmt: skip
    view = window(factories.a_person())
    bodies: list[str] = []

    def keep(response):
        if response.ok and "text/html" in response.headers.get("content-type", ""):
            bodies.append(response.text() + str(response.headers))

    view.start("intents/experts")
    view.page.on("response", keep)
    view.page.reload()
    told = view.page.content() + "".join(bodies)

    assert bodies
    assert not [word for word in ("zebrafish", "narwhal", "0.1234", "12 %") if word in told]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_picture_is_drawn_crisp_and_zooms(window, bot, now, width):
    # 8 by 8 pixels in grey.
    picture = (
        "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAEElEQVR42mNgYGD4"
        "z0A7AABWQAEBb6wRZAAAAABJRU5ErkJggg=="
    )
    factories.an_item(bot, now=now, input={"image": {"media_type": "image/png", "data": picture}})
    view = window(factories.a_person(), width=width)
    view.start()
    image = view.page.locator(".picture img")

    fitted = image.bounding_box()["height"]
    view.page.locator(".zoom [value='4']").check(force=True)

    assert (
        view.page.evaluate(
            "getComputedStyle(document.querySelector('.picture img')).imageRendering"
        )
        == "pixelated"
    )
    assert fitted > 100
    assert image.bounding_box()["height"] > 2 * fitted


def test_a_megabyte_of_text_is_shown_in_parts_and_quickly(window, bot, now):
    factories.an_item(bot, now=now, input={"text": "word " * 200_000})
    view = window(factories.a_person())
    view.page.add_init_script("""
        window.longest = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries())
                window.longest = Math.max(window.longest, entry.duration);
        }).observe({ type: "longtask", buffered: true });
    """)
    view.start()

    assert len(view.page.inner_text(".input")) < 25_000
    view.page.get_by_text("Show more").press("Enter")
    view.page.wait_for_selector(".input .more .said")
    assert len(view.page.inner_text(".input")) > 100_000
    assert view.page.evaluate("window.longest") < 1000
