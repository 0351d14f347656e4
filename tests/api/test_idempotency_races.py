"""Requests under one key at the same time have one effect and one answer (F26)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from governance.models import IdempotencyKey
from reviews.models import Prediction
from tests import factories
from tests.conftest import Api

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def test_fifty_posts_at_once_under_one_key_are_one(transactional_db: None) -> None:
    factories.a_pipeline()
    token = factories.a_token(factories.a_service(), "predictions:write")
    payload = factories.a_payload()

    def send(number: int) -> tuple[int, bytes]:
        try:
            answer: Any = Api(token).post("/predictions", payload, idempotency_key="k-1")
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(50)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    assert send(51) == next(answer for answer in answers if answer[0] == 201)
    assert Prediction.objects.count() == IdempotencyKey.objects.count() == 1
