// The two files of the xmlrpc package that are used: its codec. They come without types.

declare module 'xmlrpc/lib/serializer.js' {
  /** Throws on control characters; writes anything that is no XML-RPC value as an empty `<value/>`. */
  export function serializeMethodCall(method: string, params: readonly unknown[]): string;
}

declare module 'xmlrpc/lib/deserializer.js' {
  import type { Readable } from 'node:stream';

  class Deserializer {
    /** Finished values, and the parts of those that are not finished yet. */
    protected stack: unknown[];
    /** Where in the stack each open array or struct began. */
    protected marks: number[];
    /** Whether the innermost `<value>` has no type element yet. */
    protected value: boolean;
    constructor(encoding?: string);
    deserializeMethodResponse(stream: Readable, done: (error: unknown, value: unknown) => void): void;
    deserializeMethodCall(
      stream: Readable,
      done: (error: unknown, method: string, params: unknown[]) => void,
    ): void;
    protected onOpentag(node: { name: string }): void;
    protected onError(error: unknown): void;
    protected endInt(data: string): void;
    protected endStruct(data: string): void;
    protected endBase64(data: string): void;
    protected endDateTime(data: string): void;
  }
  export default Deserializer;
}
