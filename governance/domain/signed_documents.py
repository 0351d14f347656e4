"""Documents that leave the system under a signature: JSON, signed as a whole."""

import base64
from typing import Any

from governance.domain.canonical import canonical
from governance.domain.signed_notes import Signer


def signed(document: dict[str, Any], signer: Signer) -> dict[str, Any]:
    """Return `document` with a member `signature` over the RFC 8785 JSON of all the others."""
    value = base64.b64encode(signer.sign(canonical(document))).decode()
    return document | {"signature": {"key": signer.verifier.key_id, "value": value}}
