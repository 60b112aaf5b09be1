import { guessCount, isRepetition, distinctCharacters } from './password-patterns.js';

describe('isRepetition', () => {
  it.each(['aaaa', 'abcabcabc', 'boat boat boat bo', 'hello1hello1'])('finds the repeated piece in "%s"', (text) => {
    expect(isRepetition(text)).toBe(true);
  });
  it.each(['abcd', 'seven small boats', 'abcabd', ''])('finds no repeated piece in "%s"', (text) => {
    expect(isRepetition(text)).toBe(false);
  });
});

describe('guessCount', () => {
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
  ])('counts the choices in "%s" as %i', (text, count) => {
    expect(guessCount(text)).toBe(count);
  });

  it('counts nearly every letter of a phrase', () => {
    expect(guessCount('seven small boats at noon')).toBeGreaterThan(20);
  });
});

describe('distinctCharacters', () => {
  it('counts different characters, not code units', () => {
    expect(distinctCharacters('aab🏰🏰')).toBe(3);
  });
});
