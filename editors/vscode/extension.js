// Starts `stanch lsp` for the files that it lints, and hands it the editor's settings.

'use strict';

const vscode = require('vscode');
const { LanguageClient, TransportKind } = require('vscode-languageclient/node');

const LANGUAGES = ['javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'vue', 'svelte'];

let client;

function settings() {
  const { config, select, ignore } = vscode.workspace.getConfiguration('stanch');
  return { stanch: { config: config || null, select, ignore } };
}

async function start() {
  const command = vscode.workspace.getConfiguration('stanch').get('path', 'stanch');
  const server = { command, args: ['lsp'], transport: TransportKind.stdio };
  client = new LanguageClient('stanch', 'stanch', server, {
    documentSelector: LANGUAGES.map((language) => ({ scheme: 'file', language })),
    initializationOptions: settings(),
  });
  await client.start();
}

async function restart() {
  await client?.stop();
  await start();
}

async function applySafeFixes() {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  if (uri) {
    await client?.sendRequest('workspace/executeCommand', { command: 'stanch.fixAll', arguments: [uri] });
  }
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand('stanch.restart', restart),
    vscode.commands.registerCommand('stanch.applySafeFixes', applySafeFixes),
    vscode.workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration('stanch.path')) {
        await restart();
      } else if (change.affectsConfiguration('stanch')) {
        await client?.sendNotification('workspace/didChangeConfiguration', { settings: settings() });
      }
    }),
  );
  await start();
};

exports.deactivate = () => client?.stop();
