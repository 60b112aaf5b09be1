import { guessCount, isRepetition, distinctCharacters } from './password-patterns.js';

describe('isRepetition', () => {
  it.each(['aaaa', 'abcabcabc', 'boat boat boat bo', 'hello1hello1'])('sees the one piece in "%s"', (text) => {
    expect(isRepetition(text)).toBe(true);
  });
  it.each(['abcd', 'seven small boats', 'abcabd', ''])('sees none in "%s"', (text) => {
    expect(isRepetition(text)).toBe(false);
  });
});

describe('choices', () => {
  it.each([
    ['qwertyuiop12345', 2],
    ['asdfghjkl', 1],
    ['abcdefghijklmnop', 1],
    ['zyxwvuts', 1],
    ['1234567890', 1],
    ['0987654321', 1],
    ['1qaz2wsx3edc4rfv', 4],
    ['aaaabbbbcccc', 3],
    ['йцукенгшщзх', 1],
    ['ab', 2],
    ['', 0],
  ])('counts in "%s" %i', (text, count) => {
    expect(guessCount(text)).toBe(count);
  });

  it('counts in an honest phrase nearly every letter', () => {
    expect(guessCount('seven small boats at noon')).toBeGreaterThan(20);
  });
});

describe('variety', () => {
  it('counts different characters, not code units', () => {
    expect(distinctCharacters('aab🏰🏰')).toBe(3);
  });
});
