import { isUtf8 } from 'node:buffer';

/** An element above this size is rejected, so that one element does not fill the memory. */
const MAX_ELEMENT_BYTES = 1_048_576;

const [QUOTE, BACKSLASH, COMMA, COLON, LINE_FEED, SPACE] = [34, 92, 44, 58, 10, 32];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [91, 93, 123, 125];

/** The text of an element and its first line, or the reason why it cannot be read. */
export interface JsonElement {
  readonly line: number;
  readonly text?: string;
  readonly reason?: string;
}

/**
 * The elements of one list in a JSON document, without the document in memory: the document itself, or the member
 * `member` of its outermost object. It only finds the ends of the elements; `JSON.parse` reads each element. A parser
 * of a whole document would stop at the first broken element and would not know the lines.
 */
export async function* jsonElementsOf(chunks: AsyncIterable<Buffer>, member: string): AsyncGenerator<JsonElement> {
  const splitter = new JsonListSplitter(member);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}

class JsonListSplitter {
  private line = 1;
  private depth = 0;
  private isInString = false;
  private isEscaped = false;
  /** The depth inside the list; 0 before the list. */
  private listDepth = 0;
  private isDone = false;
  /** The last string at depth 1, which is the name of a member if a colon follows. */
  private name = '';
  private member = '';
  private parts: Buffer[] = [];
  private size = 0;
  /** The line on which the current element begins; 0 between elements. */
  private startLine = 0;

  constructor(private readonly wanted: string) {}

  *push(chunk: Buffer): Generator<JsonElement> {
    let start = this.startLine > 0 ? 0 : -1;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index]!;
      if (byte === LINE_FEED) this.line += 1;
      if (this.isInString) {
        this.readString(byte);
        continue;
      }
      const isInList = this.listDepth > 0 && this.depth === this.listDepth;
      const isEnd = isInList && (byte === COMMA || byte === CLOSE_LIST);
      if (isEnd && (this.startLine > 0 || byte === COMMA)) {
        if (start !== -1) this.keep(chunk.subarray(start, index));
        yield this.finish();
        start = -1;
      } else if (isInList && !isEnd && this.startLine === 0 && byte > SPACE) {
        [this.startLine, start] = [this.line, index];
      }
      this.readStructure(byte);
    }
    if (start !== -1) this.keep(chunk.subarray(start));
  }

  *end(): Generator<JsonElement> {
    if (this.isDone) return;
    const reason =
      this.listDepth > 0 ? 'the file ends in the middle of the list' : `the file has no list "${this.wanted}"`;
    yield { line: this.startLine || this.line, reason };
  }

  private readString(byte: number): void {
    if (this.isEscaped) this.isEscaped = false;
    else if (byte === BACKSLASH) this.isEscaped = true;
    else if (byte === QUOTE) this.isInString = false;
    if (this.depth === 1 && this.listDepth === 0 && this.isInString) this.name += String.fromCharCode(byte);
  }

  private readStructure(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.isInString = true;
        if (this.depth === 1) this.name = '';
        return;
      case COLON:
        if (this.depth === 1) this.member = this.name;
        return;
      case OPEN_LIST:
      case OPEN_OBJECT: {
        const isList = this.depth === 0 || (this.depth === 1 && this.member === this.wanted);
        this.depth += 1;
        if (byte === OPEN_LIST && isList && !this.isDone && this.listDepth === 0) this.listDepth = this.depth;
        return;
      }
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        if (this.listDepth > 0 && this.depth === this.listDepth) [this.listDepth, this.isDone] = [0, true];
        this.depth -= 1;
    }
  }

  private keep(part: Buffer): void {
    this.size += part.length;
    if (this.size <= MAX_ELEMENT_BYTES) this.parts.push(part);
  }

  private finish(): JsonElement {
    const [line, bytes, size] = [this.startLine || this.line, Buffer.concat(this.parts), this.size];
    [this.parts, this.size, this.startLine] = [[], 0, 0];
    if (size > MAX_ELEMENT_BYTES) return { line, reason: 'the entry is longer than 1 MiB' };
    return isUtf8(bytes) ? { line, text: bytes.toString('utf8') } : { line, reason: 'the entry is not UTF-8' };
  }
}
