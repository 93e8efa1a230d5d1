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
function failed(code, text, details, reason) {
  return { code, message: text, details, reason };
}

/** Metadata that went there and back, as text or as bytes in base64. */
const own = (get) => get("x-t") ?? get("x-t-bin") ?? undefined;

const info = registry.getMessage("google.rpc.ErrorInfo");
const status = registry.getMessage("google.rpc.Status");

/** Calls by a transport of connect-web. */
function connect(transport) {
  const client = createClient(service, transport);
  const outcome = async (call) => {
    const seen = { messages: [] };
    const onHeader = (headers) => (seen.header = own((key) => headers.get(key)));
    const onTrailer = (trailers) => (seen.trailer = own((key) => trailers.get(key)));
    try {
      await call(seen.messages, { onHeader, onTrailer });
    } catch (error) {
      const known = ConnectError.from(error);
      const details = known.details.map((detail) => detail.type);
      const reason = known.findDetails(info)[0]?.reason;
      Object.assign(seen, failed(Code[known.code], known.rawMessage, details, reason));
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
    late: (text, headers, timeoutMs) =>
      outcome(async (_, options) => {
        await client.echo(message(text), { headers, timeoutMs, ...options });
      }),
    aborted: (text, headers) =>
      outcome(async (messages, options) => {
        const abort = new AbortController();
        const call = { headers, signal: abort.signal, ...options };
        for await (const answer of client.echoServerStream(message(text), call)) {
          messages.push(answer.name);
          abort.abort();
        }
      }),
  };
}

/** The details in a `google.rpc.Status`. */
function detailsOf(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return fromBinary(status, bytes).details;
}

/** Calls by grpc-web, with the descriptors that its generator would write. */
function grpcWeb(format) {
  const client = new GrpcWebClientBase({ format });
  const outcome = (name, kind, text, headers, ends = false) =>
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
        const types = details.map((detail) => detail.typeUrl.replace("type.googleapis.com/", ""));
        const known = details.find((detail) => detail.typeUrl.endsWith(info.typeName));
        const reason = known && fromBinary(info, known.value).reason;
        Object.assign(seen, failed(error.code, error.message, types, reason));
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
        call.on("data", (answer) => {
          seen.messages.push(answer.name);
          if (ends) {
            // Nothing is told after that.
            call.cancel();
            resolve({ ...seen, code: 1 });
          }
        });
        call.on("error", (error) => {
          fail(error);
          resolve(seen);
        });
      }
      call.on("metadata", (metadata) => (seen.header = own((key) => metadata[key])));
      call.on("status", (status) => (seen.trailer = own((key) => status.metadata?.[key])));
      call.on("end", () => resolve(seen));
    });
  return {
    unary: (text, headers) => outcome("Echo", MethodType.UNARY, text, headers),
    stream: (text, headers) => outcome("EchoServerStream", MethodType.SERVER_STREAMING, text, headers),
    late: (text, headers, ms) => {
      const deadline = String(Date.now() + ms);
      return outcome("Echo", MethodType.UNARY, text, { ...headers, deadline });
    },
    aborted: (text, headers) => {
      // As bytes nothing comes before the end (https://github.com/grpc/grpc-web#server-side-streaming).
      if (format === "binary") return Promise.resolve({});
      return outcome("EchoServerStream", MethodType.SERVER_STREAMING, text, headers, true);
    },
  };
}

const clients = {
  "connect-web": connect(createConnectTransport({ baseUrl })),
  "connect-web, binary": connect(createConnectTransport({ baseUrl, useBinaryFormat: true })),
  "connect-web, GET": connect(createConnectTransport({ baseUrl, useHttpGet: true })),
  "connect-web, gRPC-Web": connect(createGrpcWebTransport({ baseUrl })),
  "grpc-web": grpcWeb("text"),
  "grpc-web, binary": grpcWeb("binary"),
};

const echo = { "x-t": "seen", "demo-echo-metadata": "true" };
const fail = { "demo-fail": "NOT_FOUND", "demo-fail-message": "no such: 100%" };
const bytes = { "x-t-bin": "AAH+/w", "demo-echo-metadata": "true" };
/** A URL has no room for more. */
const large = (name) => "ä".repeat(name.endsWith("GET") ? 2_000 : 100_000);

const result = {};
for (const [name, client] of Object.entries(clients)) {
  result[name] = {
    unary: await client.unary("hällo", {}),
    "unary with metadata": await client.unary("hi", echo),
    "unary that fails": await client.unary("hi", fail),
    "unary with bytes as metadata": await client.unary("hi", bytes),
    "unary, large": (await client.unary(large(name), {})).messages[0] === large(name),
    "unary that is late": (await client.late("hi", { "demo-stall": "true" }, 300)).code,
    stream: await client.stream("hällo", { "demo-count": "4" }),
    "stream with metadata": await client.stream("hi", { ...echo, "demo-count": "1" }),
    "stream that fails": await client.stream("hi", fail),
    "stream with bytes as metadata": await client.stream("hi", { ...bytes, "demo-count": "1" }),
    "stream that fails on its way": await client.stream("hi", { "demo-fail-after": "2" }),
    "stream that the page aborts": await client
      .aborted("hi", { "demo-count": "1000000", "demo-interval-ms": "1000" })
      .then(({ messages, code }) => ({ messages, code })),
  };
}
document.getElementById("result").textContent = JSON.stringify(result);
