// The client of improbable-eng/grpc-web over its own WebSocket transport, unchanged: says what it saw, a line for each thing.
// Arguments: the folder with its node_modules, and the bridge's address.
import { createRequire } from "node:module";

const [folder, host] = process.argv.slice(2);
const require = createRequire(folder + "/");
globalThis.WebSocket = require("ws");
const { grpc } = require("@improbable-eng/grpc-web");

// Messages of everything.v1.EverythingMessage as their bytes: what a generated class has that the client asks for.
class Message {
  constructor(bytes) {
    this.bytes = bytes;
  }
  serializeBinary() {
    return this.bytes;
  }
  static deserializeBinary(bytes) {
    return new Message(bytes);
  }
  toObject() {
    return { bytes: Buffer.from(this.bytes).toString("hex") };
  }
}

const service = { serviceName: "everything.v1.Everything" };
const method = (methodName, requestStream, responseStream) => ({
  methodName,
  service,
  requestStream,
  responseStream,
  requestType: Message,
  responseType: Message,
});

function call(name, descriptor, metadata, messages) {
  return new Promise((resolve) => {
    const client = grpc.client(descriptor, { host, transport: grpc.WebsocketTransport() });
    client.onHeaders((headers) => console.log(name, "headers", headers.get("x-sent").join(",")));
    client.onMessage((message) => console.log(name, "message", message.toObject().bytes));
    client.onEnd((code, message, trailers) => {
      console.log(name, "end", code, message, trailers.get("x-sent").join(","));
      resolve();
    });
    client.start(new grpc.Metadata(metadata));
    for (const bytes of messages) client.send(new Message(Uint8Array.from(bytes)));
    client.finishSend();
  });
}

const one = [0x0a, 0x02, 0x68, 0x01];
const echo = { "demo-echo-metadata": "true", "x-sent": "a value" };
await call("unary", method("Echo", false, false), echo, [one]);
await call("server", method("EchoServerStream", false, true), {}, [one]);
await call("client", method("EchoClientStream", true, false), {}, [one, []]);
await call("bidi", method("EchoBidi", true, true), {}, [one, [], one]);
const failing = { "demo-fail": "NOT_FOUND", "demo-fail-message": "no 100%" };
await call("failing", method("Echo", false, false), failing, [one]);
