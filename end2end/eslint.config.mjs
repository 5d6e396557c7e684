import js from "@eslint/js";
import playwright from "eslint-plugin-playwright";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import tseslint from "typescript-eslint";

const here = dirname(fileURLToPath(import.meta.url));

export default tseslint.config(
  { ignores: ["**/node_modules/", "**/test-results/", "**/playwright-report/", "**/dist/", "**/target/"] },
  js.configs.recommended,
  {
    files: ["**/*.{js,mjs}"],
    languageOptions: {
      globals: { console: "readonly", process: "readonly", setTimeout: "readonly", clearTimeout: "readonly" },
    },
  },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: here } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // An async test that is not awaited passes without having been looked at.
      "@typescript-eslint/no-floating-promises": "error",
    },
  },
  {
    files: ["**/*.ts"],
    extends: [playwright.configs["flat/recommended"]],
    rules: {
      // A test waits for what an agent sees, never for time to pass; and it never forces what an agent could not do.
      "playwright/no-wait-for-timeout": "error",
      "playwright/no-wait-for-selector": "error",
      "playwright/no-networkidle": "error",
      "playwright/no-force-option": "error",
      "playwright/no-skipped-test": "error",
      "playwright/no-conditional-in-test": "error",
      "playwright/no-raw-locators": ["error", { allowed: ["html"] }],
      "playwright/prefer-web-first-assertions": "error",
      "playwright/expect-expect": ["error", { assertFunctionPatterns: ["^expect"] }],
    },
  },
);
