"""Ed25519 signatures of receipts. Needs the library `cryptography`, which scoring does without."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evaluator.receipts.receipts import Receipt, key_id, public_keys

SELF_SIGNED: Final = (
    "The key came with the receipt itself. This proves only that nobody changed the receipt since it was "
    "signed, not who signed it: give the server's key with --key to know that."
)


def signature_fault(receipt: Receipt, key: str | None) -> str | None:
    """Return what is wrong with a receipt's signature; None where it is good.

    Args:
        receipt: as `read_receipt` gives it.
        key: a public key, or a file of some, as `public_keys` takes it; None takes the receipt's own.

    Raises:
        ReceiptInvalid: `key` is neither.
    """
    signature = receipt.signature
    if key is None:
        trusted = signature.public_key
    else:
        known = public_keys(key)
        if signature.key_id not in known:
            return (
                f"It was signed with the key {signature.key_id}, but {key} has {', '.join(known)}: "
                "somebody else signed it, or the server's key was changed since this one was saved."
            )
        trusted = known[signature.key_id]
    try:
        public, value = bytes.fromhex(trusted), bytes.fromhex(signature.value)
        Ed25519PublicKey.from_public_bytes(public).verify(value, receipt.signed)
    except (InvalidSignature, ValueError):
        return "Its signature does not fit what it says: it was changed after it was signed."
    if (signature.public_key, signature.key_id) != (trusted, key_id(public)):
        return "Its key and the id of its key do not belong together: it was changed after it was signed."
    return None
