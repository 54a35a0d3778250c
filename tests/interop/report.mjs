// One line per check, and the sum at the end.
export class Report {
  passed = 0;
  failed = 0;

  part(title) {
    console.log(`\n${title}`);
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
      console.log(`ok    ${name} (${Math.round(performance.now() - start)} ms)`);
    } catch (error) {
      this.failed += 1;
      const told = String(error?.stack ?? error).split("\n");
      const where = told.filter((line) => !/^\s+at /.test(line) || /interop\/(rest|browser|together|guest|sound)\.mjs/.test(line));
      console.log(`FAIL  ${name}\n      ${where.join("\n      ")}`);
    } finally {
      clearTimeout(timer);
    }
  }

  close() {
    console.log(`\n${this.passed} passed, ${this.failed} failed`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}
