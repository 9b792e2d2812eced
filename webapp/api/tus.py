"""Uploads in the description of the API: tus speaks in headers, which ninja does not describe by itself."""

from typing import Any

from webapp.rest.document import header_parameter, headers, problems
from webapp.rest.middleware import TUS_VERSION

CONTENT_TYPE = "application/offset+octet-stream"
NUMBER = {"type": "string", "pattern": "^[0-9]{1,15}$"}
TEXT = {"type": "string"}
VERSION = header_parameter(
    "Tus-Resumable", "The version of the protocol.", {"const": TUS_VERSION}, required=True
)
OFFSET = header_parameter("Upload-Offset", "Where the piece begins, in bytes.", NUMBER, required=True)
CHECKSUM = header_parameter("Upload-Checksum", "Algorithm, a space, and the piece's digest in base64.", TEXT)
LENGTH = header_parameter("Upload-Length", "Bytes of the whole file.", NUMBER, required=True)
METADATA = header_parameter(
    "Upload-Metadata",
    "Pairs of a key and a base64 text, with commas between: `filename`, and `kind`.",
    TEXT,
)
METHOD = header_parameter(
    "X-HTTP-Method-Override", "What is meant: PATCH, DELETE or HEAD.", {"enum": ["PATCH", "DELETE", "HEAD"]}
)
SPEAKS_TUS = headers(
    Tus_Resumable=("The version of the protocol.", TEXT), Tus_Version=("All versions that are spoken.", TEXT)
)
ARRIVED = {
    **SPEAKS_TUS,
    **headers(
        Upload_Offset=("Bytes that have arrived.", NUMBER), Upload_Expires=("When it is forgotten.", TEXT)
    ),
}
APPENDING = (409, 410, 411, 413, 415, 423, 460, 507)
PIECE = {"content": {CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}, "required": False}


def _described(
    answers: dict[int, dict[str, Any]], *refusals: int, parameters: tuple[Any, ...] = (), piece: bool = False
) -> dict[str, Any]:
    found = {status: {"headers": named} for status, named in answers.items()}
    extra: dict[str, Any] = {
        "parameters": list(parameters),
        "responses": {**found, **problems(*refusals)["responses"]},
    }
    return {**extra, "requestBody": PIECE} if piece else extra


OPTIONS = _described(
    {
        204: {
            **SPEAKS_TUS,
            **headers(
                Tus_Extension=("What is spoken beyond the core.", TEXT),
                Tus_Max_Size=("Bytes of the largest file.", NUMBER),
                Tus_Checksum_Algorithm=("For Upload-Checksum.", TEXT),
            ),
        }
    }
)
CREATE = _described(
    {201: {**ARRIVED, **headers(Location=("The upload's address.", TEXT))}},
    *(412, *APPENDING),
    parameters=(VERSION, LENGTH, METADATA, CHECKSUM),
    piece=True,
)
STATE = _described(
    {200: {**ARRIVED, **headers(Upload_Length=("Bytes of the whole file.", NUMBER))}},
    *(409, 410, 412, 423, 507),
    parameters=(VERSION,),
)
APPEND = _described({204: ARRIVED}, *(412, *APPENDING), parameters=(VERSION, OFFSET, CHECKSUM), piece=True)
DELETE = _described({204: SPEAKS_TUS}, *(409, 410, 412, 423), parameters=(VERSION,))
OVERRIDE = _described(
    {200: ARRIVED, 204: SPEAKS_TUS},
    *(405, 412, *APPENDING),
    parameters=(VERSION, METHOD, CHECKSUM),
    piece=True,
)
