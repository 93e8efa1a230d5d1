// Calls a bridge of another origin (`?bridge=URL`) by every client that pages have, and writes what each saw as JSON.

import { createFileRegistry, create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";

const { GrpcWebClientBase, MethodDescriptor, MethodType } = window.module.exports;

const baseUrl = new URLSearchParams(location.search).get("bridge");
const descriptors = new Uint8Array(await (await fetch("/descriptors.bin")).arrayBuffer());
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
const service = registry.getService("everything.v1.Everything");
const type = registry.getMessage("everything.v1.Thing");
const message = (text) => create(type, { name: text });

/** What a call came to. */
function failed(code, text, details) {
  return { code, message: text, details };
}

/** Calls by a transport of connect-web. */
function connect(transport) {
  const client = createClient(service, transport);
  const outcome = async (call) => {
    const seen = { messages: [] };
    const onHeader = (headers) => (seen.header = headers.get("x-t") ?? undefined);
    const onTrailer = (trailers) => (seen.trailer = trailers.get("x-t") ?? undefined);
    try {
      await call(seen.messages, { onHeader, onTrailer });
    } catch (error) {
      const known = ConnectError.from(error);
      const details = known.details.map((detail) => detail.type);
      Object.assign(seen, failed(Code[known.code], known.rawMessage, details));
    }
    return seen;
  };
  return {
    unary: (text, headers) =>
      outcome(async (messages, options) => {
        const answer = await client.echo(message(text), { headers, ...options });
        messages.push(answer.name);
      }),
    stream: (text, headers) =>
      outcome(async (messages, options) => {
        for await (const answer of client.echoServerStream(message(text), { headers, ...options })) {
          messages.push(answer.name);
        }
      }),
  };
}

/** The types of the details in a `google.rpc.Status`. */
function detailsOf(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const found = [...new TextDecoder("latin1").decode(bytes).matchAll(/type\.googleapis\.com\/([\w.]+)/g)];
  return found.map((match) => match[1]);
}

/** Calls by grpc-web, with the descriptors that its generator would write. */
function grpcWeb(format) {
  const client = new GrpcWebClientBase({ format });
  const outcome = (name, kind, text, headers) =>
    new Promise((resolve) => {
      const path = `/${service.typeName}/${name}`;
      const descriptor = new MethodDescriptor(
        path,
        kind,
        Object,
        Object,
        (value) => toBinary(type, value),
        (bytes) => fromBinary(type, bytes),
      );
      const seen = { messages: [] };
      const fail = (error) => {
        const details = detailsOf(error.metadata["grpc-status-details-bin"] ?? "");
        Object.assign(seen, failed(error.code, error.message, details));
      };
      let call;
      if (kind === MethodType.UNARY) {
        call = client.rpcCall(baseUrl + path, message(text), headers, descriptor, (error, answer) => {
          if (error) {
            fail(error);
            resolve(seen);
          } else {
            seen.messages.push(answer.name);
          }
        });
      } else {
        call = client.serverStreaming(baseUrl + path, message(text), headers, descriptor);
        call.on("data", (answer) => seen.messages.push(answer.name));
        call.on("error", (error) => {
          fail(error);
          resolve(seen);
        });
      }
      call.on("metadata", (metadata) => (seen.header = metadata["x-t"]));
      call.on("status", (status) => (seen.trailer = status.metadata?.["x-t"]));
      call.on("end", () => resolve(seen));
    });
  return {
    unary: (text, headers) => outcome("Echo", MethodType.UNARY, text, headers),
    stream: (text, headers) => outcome("EchoServerStream", MethodType.SERVER_STREAMING, text, headers),
  };
}

const clients = {
  "connect-web": connect(createConnectTransport({ baseUrl })),
  "connect-web, binary": connect(createConnectTransport({ baseUrl, useBinaryFormat: true })),
  "connect-web, gRPC-Web": connect(createGrpcWebTransport({ baseUrl })),
  "grpc-web": grpcWeb("text"),
  "grpc-web, binary": grpcWeb("binary"),
};

const echo = { "x-t": "seen", "demo-echo-metadata": "true" };
const fail = { "demo-fail": "NOT_FOUND", "demo-fail-message": "no such: 100%" };
const large = "ä".repeat(100_000);

const result = {};
for (const [name, client] of Object.entries(clients)) {
  result[name] = {
    unary: await client.unary("hällo", {}),
    "unary with metadata": await client.unary("hi", echo),
    "unary that fails": await client.unary("hi", fail),
    "unary, large": (await client.unary(large, {})).messages[0] === large,
    stream: await client.stream("hällo", { "demo-count": "4" }),
    "stream with metadata": await client.stream("hi", { ...echo, "demo-count": "1" }),
    "stream that fails": await client.stream("hi", fail),
    "stream that fails on its way": await client.stream("hi", { "demo-fail-after": "2" }),
  };
}
document.getElementById("result").textContent = JSON.stringify(result);
