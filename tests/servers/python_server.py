#!/usr/bin/env python3
"""A gRPC server that shares no code with Wirelab: all four kinds, reflection and health, by grpcio.

Prints `listening PORT` once it can be called. Request metadata tells it
to misbehave: `delay-ms`, `fail` (a status name, with rich details), `die-after` (ends the process after so many
messages of an answer stream). With `--tls CERTIFICATE KEY` it speaks TLS only.
"""

import argparse
import os
import sys
import time
from concurrent import futures

import grpc
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

SERVICE = "parts.v1.Parts"
EDITION_SERVICE = "parts.v2.Drawers"


POOL = descriptor_pool.Default()
for schema in descriptor_pb2.FileDescriptorSet.FromString(open(sys.argv[1], "rb").read()).file:
    if not schema.name.startswith("google/"):
        POOL.AddSerializedFile(schema.SerializeToString())


def message_class(name):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(f"parts.{name}"))


GetPartRequest, Part = message_class("v1.GetPartRequest"), message_class("v1.Part")
ListPartsRequest, AddSummary = message_class("v1.ListPartsRequest"), message_class("v1.AddSummary")
Drawer = message_class("v2.Drawer")


def obey(context):
    """Does what the request's metadata asks for; returns its values by key."""
    sent = context.invocation_metadata()
    mirrored = [(entry.key, entry.value) for entry in sent if entry.key.startswith("mirror")]
    context.send_initial_metadata(mirrored)
    context.set_trailing_metadata(mirrored + [("served-by", "python")])
    asked = {entry.key: entry.value for entry in sent}
    if "delay-ms" in asked:
        time.sleep(int(asked["delay-ms"]) / 1000)
    if "fail" in asked:
        violation = error_details_pb2.BadRequest.FieldViolation(field="id", description="no such part")
        details = any_pb2.Any()
        details.Pack(error_details_pb2.BadRequest(field_violations=[violation]))
        code = code_pb2.Code.Value(asked["fail"])
        status = status_pb2.Status(code=code, message="asked to fail", details=[details])
        context.abort_with_status(rpc_status.to_status(status))
    return asked


def part(number):
    made = timestamp_pb2.Timestamp(seconds=1_700_000_000 + number)
    return Part(id=number, name=f"part {number}", tags=["a", "b"], made_at=made)


def get_part(request, context):
    obey(context)
    return part(request.id)


def list_parts(request, context):
    asked = obey(context)
    for number in range(request.count):
        if str(number) == asked.get("die-after"):
            time.sleep(0.2)  # what was sent before has to leave the process
            os._exit(1)
        yield part(number)


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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptors", help="a serialized FileDescriptorSet of tests/servers/protos")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    arguments = parser.parse_args()

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers(tuple(handlers()))
    status = health.HealthServicer()
    status.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    names = (SERVICE, EDITION_SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)

    if arguments.tls:
        certificate, key = (open(path, "rb").read() for path in arguments.tls)
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening {port}", flush=True)
    server.wait_for_termination()


main()
