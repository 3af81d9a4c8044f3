// Handlebars' parser alone, which is all that we use of it: the whole of it is four times as long to load.
/// <reference types="handlebars" />
declare module 'handlebars/dist/cjs/handlebars/compiler/base.js' {
  /** Throws Error with the line and column of what is no template. */
  export function parse(text: string, options: { srcName: string }): hbs.AST.Program;
}
