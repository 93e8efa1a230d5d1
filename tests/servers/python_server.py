#!/usr/bin/env python3
"""A gRPC server that shares no code with Wirelab: all four kinds, reflection, health and channelz, by grpcio.

Prints `listening PORT` once it can be called. Request metadata tells it what to do:

- `mirror...`: comes back in headers and trailers
- `tell-deadline`: says in trailers whether the call has one, within an hour
- `delay-ms`: waits before the first answer
- `interval-ms`: waits after each message of an answer stream
- `size`: makes names of parts that long
- `compress`: compresses the answers (`gzip` or `deflate`)
- `health`: changes what the health service says of the server as a whole (`SERVING`, `NOT_SERVING`)
- `fail`: ends with that status (a name) and details; `details: all` gives it one of every kind
- `die-after`: ends the process after so many messages of an answer stream
"""

import argparse
import os
import sys
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from grpc_channelz.v1 import channelz
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

import rich_status

SERVICE = "parts.v1.Parts"
EDITION_SERVICE = "parts.v2.Drawers"
CHANNELZ = "grpc.channelz.v1.Channelz"
COMPRESSIONS = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}

POOL = descriptor_pool.Default()
for schema in descriptor_pb2.FileDescriptorSet.FromString(open(sys.argv[1], "rb").read()).file:
    # Those of Google are there already.
    if not schema.name.startswith("google/"):
        POOL.AddSerializedFile(schema.SerializeToString())


def message_class(name):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"parts.{name}"))


GetPartRequest, Part = message_class("v1.GetPartRequest"), message_class("v1.Part")
ListPartsRequest, AddSummary = message_class("v1.ListPartsRequest"), message_class("v1.AddSummary")
Drawer = message_class("v2.Drawer")
HEALTH = health.HealthServicer()


def obey(context):
    """Does what the request's metadata asks for; returns its values by key."""
    sent = context.invocation_metadata()
    asked = {entry.key: entry.value for entry in sent}
    if "compress" in asked:
        context.set_compression(COMPRESSIONS[asked["compress"]])
    mirrored = [(entry.key, entry.value) for entry in sent if entry.key.startswith("mirror")]
    context.send_initial_metadata(mirrored)
    trailing = mirrored + [("served-by", "python")]
    if "tell-deadline" in asked:
        remaining = context.time_remaining()
        trailing.append(("had-deadline", "no" if remaining is None or remaining > 3600 else "yes"))
    context.set_trailing_metadata(trailing)
    if "health" in asked:
        HEALTH.set("", health_pb2.HealthCheckResponse.ServingStatus.Value(asked["health"]))
    if "delay-ms" in asked:
        time.sleep(int(asked["delay-ms"]) / 1000)
    if "fail" in asked:
        status = rich_status.status(asked["fail"], part(7) if asked.get("details") == "all" else None)
        context.abort_with_status(rpc_status.to_status(status))
    return asked


def part(number, asked={}):
    made = timestamp_pb2.Timestamp(seconds=1_700_000_000 + number)
    name = f"part {number}"
    return Part(id=number, name=name.ljust(int(asked.get("size", 0)), "."), tags=["a", "b"], made_at=made)


def get_part(request, context):
    return part(request.id, obey(context))


def list_parts(request, context):
    asked = obey(context)
    for number in range(request.count):
        if str(number) == asked.get("die-after"):
            time.sleep(0.2)  # what was sent before has to leave the process
            os._exit(1)
        yield part(number, asked)
        time.sleep(int(asked.get("interval-ms", 0)) / 1000)


def add_parts(requests, context):
    obey(context)
    names = [request.name for request in requests]
    return AddSummary(added=len(names), last=names[-1] if names else "")


def echo(requests, context):
    obey(context)
    yield from requests


def turn(request, context):
    """What was outside comes inside, and the other way round."""
    obey(context)
    answer = Drawer(label=request.inner.label, shelves=reversed(request.shelves))
    if request.HasField("explicit"):
        answer.explicit = -request.explicit
    if request.label:
        answer.inner.label = request.label
    return answer


def handlers():
    def kind(make, function, request, response):
        return make(
            function,
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )

    drawers = {"Turn": kind(grpc.unary_unary_rpc_method_handler, turn, Drawer, Drawer)}
    yield grpc.method_handlers_generic_handler(EDITION_SERVICE, drawers)
    yield grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "GetPart": kind(grpc.unary_unary_rpc_method_handler, get_part, GetPartRequest, Part),
            "ListParts": kind(grpc.unary_stream_rpc_method_handler, list_parts, ListPartsRequest, Part),
            "AddParts": kind(grpc.stream_unary_rpc_method_handler, add_parts, Part, AddSummary),
            "Echo": kind(grpc.stream_stream_rpc_method_handler, echo, Part, Part),
        },
    )


def credentials(arguments):
    certificate, key, authority = (
        path and open(path, "rb").read() for path in (*arguments.tls, arguments.client_ca)
    )
    return grpc.ssl_server_credentials(
        [(key, certificate)],
        root_certificates=authority,
        require_client_auth=authority is not None,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptors", help="a serialized FileDescriptorSet of tests/servers/protos")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="speak TLS only")
    parser.add_argument("--client-ca", help="want clients to show a certificate of this authority")
    parser.add_argument("--max-connection-age-ms", type=int, help="send GOAWAY after that time")
    arguments = parser.parse_args()

    options = [("grpc.enable_channelz", 1)]
    if arguments.max_connection_age_ms:
        options.append(("grpc.max_connection_age_ms", arguments.max_connection_age_ms))
        # Calls that are open then have all the time they want.
        options.append(("grpc.max_connection_age_grace_ms", 600_000))
    # Watches of health take a thread each.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    server.add_generic_rpc_handlers(tuple(handlers()))
    HEALTH.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(HEALTH, server)
    channelz.add_channelz_servicer(server)
    names = (SERVICE, EDITION_SERVICE, CHANNELZ, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)

    if arguments.tls:
        port = server.add_secure_port("127.0.0.1:0", credentials(arguments))
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening {port}", flush=True)
    server.wait_for_termination()


main()
