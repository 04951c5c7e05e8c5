import { m } from '$lib/paraglide/messages.js';
import type { CommandError } from '$lib/platform';

/** How to enter the backend that the app brings along: it runs in this process and holds made-up data. */
export const DEMO = { clientCode: 'DEMO', password: 'demo1234', backend: 'demo' };

/** The address last used, unless it was the demo's: nobody means to type a password there. */
export const lastBackend = (backend: string | null): string => (backend === null || backend === DEMO.backend ? '' : backend);

export interface Problem {
  fact: string;
  hint: string;
  field: 'code' | 'password' | 'backend' | null;
  /** What can be done about it besides trying again. */
  way?: 'network' | 'setAside';
}

/** What went wrong and what to do, by the error's code; the core's own sentence for the rest. */
export function problemOf(error: CommandError): Problem {
  switch (error.code) {
    case 'wrong_credentials':
      return { fact: m.login_wrong(), hint: m.login_wrong_hint(), field: 'password' };
    case 'account_inactive':
      return { fact: m.login_inactive(), hint: m.login_inactive_hint(), field: null };
    case 'offline':
    case 'timeout':
    case 'unreachable':
      return { fact: m.login_unreachable(), hint: m.login_unreachable_hint(), field: null, way: 'network' };
    case 'untrusted':
      return { fact: m.login_untrusted(), hint: m.login_untrusted_hint(), field: null, way: 'network' };
    case 'server_fault':
      return { fact: m.login_server_fault(), hint: m.login_server_fault_hint(), field: null };
    case 'key_missing':
      return { fact: m.login_key_missing(), hint: m.login_key_missing_hint(), field: null, way: 'setAside' };
    case 'invalid_backend':
    case 'not_condorito':
      return { fact: m.login_not_condorito(), hint: m.login_not_condorito_hint(), field: 'backend' };
    case 'rate_limited':
      return { fact: m.login_limited(), hint: m.login_limited_hint(), field: null };
    default:
      return { fact: error.message, hint: '', field: null };
  }
}
