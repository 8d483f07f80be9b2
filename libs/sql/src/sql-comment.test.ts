import { describe, expect, it } from '@jest/globals';
import { isIrisPassthrough, readComment } from './sql-comment.ts';

describe('the comment at the end of a statement', () => {
  it.each([
    ["select 1 /*traceparent='00-0af7-01',application='a%20b'*/", { traceparent: '00-0af7-01', application: 'a b' }],
    ["select 1 /* workload_class='bulk' , action='a\\'b' */ ; ", { workload_class: 'bulk', action: "a'b" }],
    ["/* application='x' */ select 1", { application: 'x' }],
    ["/* a='front' */ select 1 /* a='end' */", { a: 'end' }],
    ["select '/* a=''b'' */'", {}],
    ['select 1 /* plain words */', {}],
    ["select 1 /* a='%zz' */", { a: '%zz' }],
    ["select 1 /* a='open */", {}],
    ['select 1', {}],
    [`select 1 /* a='${'x'.repeat(5_000)}' */`, {}],
  ])('%s', (text, expected) => {
    expect(Object.fromEntries(readComment(text))).toEqual(expected);
  });
});

describe('passthrough', () => {
  it('is requested by a comment before the statement', () => {
    expect(isIrisPassthrough('  /*iris*/ select top 5 %ID from t')).toBe(true);
    expect(isIrisPassthrough('/* IRIS */select 1')).toBe(true);
    expect(isIrisPassthrough('select 1 /*iris*/')).toBe(false);
    expect(isIrisPassthrough("select '/*iris*/'")).toBe(false);
  });
});
