// The door of protobuf, loaded when the first client asks for it: the tables behind it are large.
export {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufEvent,
  encodeProtobufList,
  enveloped,
  measureObject,
  messageBytes,
} from "./envelope.ts";
