#!/usr/bin/env python3
"""Calls `parts.v1.Parts` by grpcio in the ways that clients do, and prints what came of each as a line of JSON.

What it prints does not depend on who is between it and the server, or somebody is there who should not be felt.
"""

import argparse
import hashlib
import json
import queue

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

# Longer than any frame, window or buffer on the way.
LARGE = 3_000_000
# Nobody waits that long for an answer that comes.
SOON, NEVER = 30, 600

parser = argparse.ArgumentParser()
parser.add_argument("descriptors", help="a serialized FileDescriptorSet of tests/servers/protos")
parser.add_argument("target", help="where to call")
parser.add_argument("--ca", help="speak TLS with a server that this authority vouches for")
parser.add_argument("--wait", action="store_true", help="make one call only, which waits for a server")
ARGUMENTS = parser.parse_args()

POOL = descriptor_pool.Default()
for schema in descriptor_pb2.FileDescriptorSet.FromString(open(ARGUMENTS.descriptors, "rb").read()).file:
    if not schema.name.startswith("google/"):
        POOL.AddSerializedFile(schema.SerializeToString())


def message_class(name):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"parts.v1.{name}"))


GetPartRequest, Part = message_class("GetPartRequest"), message_class("Part")
ListPartsRequest, AddSummary = message_class("ListPartsRequest"), message_class("AddSummary")


def channel():
    options = [("grpc.max_receive_message_length", -1)]
    if ARGUMENTS.target.startswith("unix:"):
        # grpcio would say the socket's path in percents, which is no authority (RFC 3986 section 3.2).
        options.append(("grpc.default_authority", "localhost"))
    if not ARGUMENTS.ca:
        return grpc.insecure_channel(ARGUMENTS.target, options)
    credentials = grpc.ssl_channel_credentials(open(ARGUMENTS.ca, "rb").read())
    return grpc.secure_channel(ARGUMENTS.target, credentials, options)


def method(make, name, request, response):
    path = name if name.startswith("/") else f"/parts.v1.Parts/{name}"
    return make(
        path, request_serializer=request.SerializeToString, response_deserializer=response.FromString
    )


def told(what, **results):
    print(json.dumps({"what": what, **results}), flush=True)


def shown(metadata):
    """What the server said; what transports add of their own is not its."""
    entries = [entry for entry in metadata or () if entry.key.startswith(("mirror", "served-by", "had-"))]
    return [[key, value.hex() if isinstance(value, bytes) else value] for key, value in entries]


def text(message):
    return json_format.MessageToDict(message)


def digest(name):
    return f"{len(name)} {hashlib.sha256(name.encode()).hexdigest()[:8]}"


def failed(what, call):
    """Makes a call that fails."""
    try:
        call()
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        details = [[any.type_url, any.value.hex()] for any in status.details] if status else None
        told(what, code=error.code().name, message=error.details(), details=details, trailing=shown(error.trailing_metadata()))
    else:
        told(what, code="OK")


def kinds(get, list_parts, add, echo):
    metadata = (("mirror", "a"), ("mirror", "b, c"), ("mirror-bin", bytes(range(0, 256, 15))), ("mirror-bin", b""), ("tell-deadline", "1"))
    part, call = get.with_call(GetPartRequest(id=7), metadata=metadata)
    told("unary", part=text(part), initial=shown(call.initial_metadata()), trailing=shown(call.trailing_metadata()))

    call = list_parts(ListPartsRequest(count=3), metadata=metadata, timeout=SOON)
    parts = [text(part) for part in call]
    told("server stream", parts=parts, initial=shown(call.initial_metadata()), trailing=shown(call.trailing_metadata()))

    summary, call = add.with_call((Part(name=f"n{number}") for number in range(1_000)), metadata=metadata)
    told("client stream", summary=text(summary), initial=shown(call.initial_metadata()), trailing=shown(call.trailing_metadata()))
    told("client stream of nothing", summary=text(add(iter(()))))

    # Each request waits for the answer to the one before: nothing on the way may gather them.
    requests = queue.SimpleQueue()
    answers = echo(iter(requests.get, None), metadata=metadata)
    heard = []
    for number in range(5):
        requests.put(Part(id=number))
        heard.append(text(next(answers)))
    requests.put(None)
    rest = [text(part) for part in answers]
    told("bidi", heard=heard, rest=rest, initial=shown(answers.initial_metadata()), trailing=shown(answers.trailing_metadata()))


def failures(connection, get, list_parts, echo):
    failed("status", lambda: get(GetPartRequest(), metadata=(("fail", "FAILED_PRECONDITION"), ("mirror", "x"))))
    failed("rich status", lambda: get(GetPartRequest(), metadata=(("fail", "NOT_FOUND"), ("details", "all"))))
    failed("rich status of a stream", lambda: list(list_parts(ListPartsRequest(), metadata=(("fail", "ABORTED"), ("details", "all")))))
    try:
        get(GetPartRequest(), metadata=(("delay-ms", str(NEVER * 1000)),), timeout=0.3)
    except grpc.RpcError as error:
        # Both sides watch it, in different words.
        told("deadline", code=error.code().name)
    failed("method that the server does not have", lambda: method(connection.unary_unary, "Nothing", GetPartRequest, Part)(GetPartRequest()))
    failed("service that the server does not have", lambda: method(connection.unary_unary, "/nobody.v1.Knows/This", GetPartRequest, Part)(GetPartRequest()))
    failed("binary trailers", lambda: get(GetPartRequest(), metadata=(("fail", "OUT_OF_RANGE"), ("mirror-bin", b"\0\xff"))))

    call = list_parts(ListPartsRequest(count=1000), metadata=(("interval-ms", "5"),))
    first = text(next(call))
    call.cancel()
    failed("cancelled", lambda: list(call))
    told("before it was cancelled", first=first)


def sizes(get, add, echo):
    part = get(GetPartRequest(id=1), metadata=(("size", str(LARGE)),))
    told("large answer", name=digest(part.name))
    summary = add(iter([Part(name="x" * LARGE)]))
    told("large request", last=digest(summary.last))
    for how in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        for answered in ("gzip", "deflate"):
            metadata = (("size", "100000"), ("compress", answered))
            part = get(GetPartRequest(id=1), metadata=metadata, compression=how)
            back = [digest(part.name) for part in echo(iter([Part(name="y" * 100_000)] * 3), metadata=metadata, compression=how)]
            told("compressed", how=how.name, answered=answered, name=digest(part.name), back=back)


def services(connection, get):
    health = health_pb2_grpc.HealthStub(connection)
    told("health", status=text(health.Check(health_pb2.HealthCheckRequest())))
    failed("health of nobody", lambda: health.Check(health_pb2.HealthCheckRequest(service="nobody")))
    watch = health.Watch(health_pb2.HealthCheckRequest())
    seen = [text(next(watch))]
    for status in ("NOT_SERVING", "SERVING"):
        get(GetPartRequest(), metadata=(("health", status),))
        seen.append(text(next(watch)))
    watch.cancel()
    told("health watched", seen=seen)

    database = ProtoReflectionDescriptorDatabase(connection)
    told("reflection", services=sorted(database.get_services()))
    described = database.FindFileContainingSymbol("parts.v1.Parts")
    told("reflection of a file", file=described.name, messages=[message.name for message in described.message_type])


def main():
    with channel() as connection:
        get = method(connection.unary_unary, "GetPart", GetPartRequest, Part)
        if ARGUMENTS.wait:
            call = get.future(GetPartRequest(id=5), wait_for_ready=True, timeout=SOON * 2)
            print("waiting", flush=True)
            return told("waited", part=text(call.result()))
        list_parts = method(connection.unary_stream, "ListParts", ListPartsRequest, Part)
        add = method(connection.stream_unary, "AddParts", Part, AddSummary)
        echo = method(connection.stream_stream, "Echo", Part, Part)
        kinds(get, list_parts, add, echo)
        failures(connection, get, list_parts, echo)
        sizes(get, add, echo)
        services(connection, get)


main()
