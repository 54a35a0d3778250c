// One line per check, kept until all of a part are known: parts may run side by side.
export class Report {
  passed = 0;
  failed = 0;
  lines = [];

  part(title) {
    this.lines.push(`\n${title}`);
  }

  async check(name, body, seconds = 30) {
    const start = performance.now();
    let timer;
    try {
      await Promise.race([
        body(),
        new Promise((_, reject) => {
          timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000);
        }),
      ]);
      this.passed += 1;
      this.lines.push(`ok    ${name} (${Math.round(performance.now() - start)} ms)`);
    } catch (error) {
      this.failed += 1;
      const told = String(error?.stack ?? error).split("\n");
      const where = told.filter((line) => !/^\s+at /.test(line) || /(interop|bridge)\/(?!(report|control|host|sidetone|program|browser|checks)\b)\w+\.mjs/.test(line));
      this.lines.push(`FAIL  ${name}\n      ${where.join("\n      ")}`);
    } finally {
      clearTimeout(timer);
    }
  }

  print() {
    console.log(this.lines.join("\n"));
  }
}
