"""What explain was given, typed."""

from authwhy.model.evidence import Evidence, HttpRequest, HttpResponse


def test_headers_are_found_whatever_their_case() -> None:
    """RFC 9110 5.1: field names are case-insensitive."""
    request = HttpRequest("GET", "/", (("AUTHORIZATION", "x"),))
    response = HttpResponse(401, headers=(("www-authenticate", "Basic"), ("WWW-Authenticate", "Bearer")))
    assert request.header("Authorization") == "x"
    assert request.header("Cookie") is None
    assert response.header("WWW-Authenticate") == "Basic"


def test_every_evidence_has_a_vault_of_its_own() -> None:
    """Two inputs never share secrets by accident."""
    assert Evidence().vault is not Evidence().vault
