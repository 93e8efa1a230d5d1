"""Statuses with details: what `grpc-status-details-bin` carries."""

from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2 as rpc, status_pb2


def packed(message):
    details = any_pb2.Any()
    details.Pack(message)
    return details


def bad_request():
    violation = rpc.BadRequest.FieldViolation(field="id", description="no such part")
    return rpc.BadRequest(field_violations=[violation])


def every_kind(loaded):
    """A detail of every type of google.rpc, one of a type of the server's own, one of a type nobody has, and one whose
    bytes are not what its type says."""
    yield rpc.ErrorInfo(reason="SOLD_OUT", domain="parts.example", metadata={"shelf": "7"})
    yield rpc.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1, nanos=500_000_000))
    yield rpc.DebugInfo(stack_entries=["first", "second"], detail="while looking")
    yield rpc.QuotaFailure(violations=[rpc.QuotaFailure.Violation(subject="you", description="too often")])
    precondition = rpc.PreconditionFailure.Violation(type="TERMS", subject="you", description="not accepted")
    yield rpc.PreconditionFailure(violations=[precondition])
    yield bad_request()
    yield rpc.RequestInfo(request_id="r-1", serving_data="s-1")
    yield rpc.ResourceInfo(resource_type="part", resource_name="7", owner="me", description="gone")
    yield rpc.Help(links=[rpc.Help.Link(description="read this", url="https://parts.example/help")])
    yield rpc.LocalizedMessage(locale="de", message="ausverkauft")
    yield loaded
    yield any_pb2.Any(type_url="type.googleapis.com/nobody.knows.This", value=b"\x08\x01")
    yield any_pb2.Any(type_url="type.googleapis.com/google.rpc.RequestInfo", value=b"\x0a\x7fcut")


def status(code, loaded=None):
    """That code, by name, with a BadRequest, or with every kind of detail where `loaded` is one of them."""
    messages = [bad_request()] if loaded is None else every_kind(loaded)
    details = [one if isinstance(one, any_pb2.Any) else packed(one) for one in messages]
    return status_pb2.Status(code=code_pb2.Code.Value(code), message="asked to fail", details=details)
