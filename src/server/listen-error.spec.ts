import { readConfig } from '../config/config.js';
import { listenError } from './listen-error.js';

const config = readConfig({ PORT: '80', HOST: '::1' });
const failed = (code: string, syscall: string) => Object.assign(new Error(`${syscall} ${code}`), { code, syscall });

describe('listenError', () => {
  it.each([
    ['EACCES', 'listen', 'PORT is 80, which requires a privilege'],
    ['EADDRINUSE', 'listen', 'PORT is 80, which is in use on ::1'],
    ['EAFNOSUPPORT', 'listen', 'HOST is ::1, which is not an address of this machine (EAFNOSUPPORT)'],
    ['EAI_AGAIN', 'getaddrinfo', 'HOST is ::1, which cannot be resolved (EAI_AGAIN)'],
  ])('names the variable to set after %s', (code, syscall, message) => {
    expect((listenError(config, failed(code, syscall)) as Error).message).toContain(message);
  });

  it('returns other errors unchanged', () => {
    const fault = new TypeError('a fault');
    expect(listenError(config, fault)).toBe(fault);
  });
});
